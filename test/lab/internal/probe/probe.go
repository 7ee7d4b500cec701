// Package probe asks a server on loopback whether it is well.
package probe

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Probe returns nil when the server answers as it should.
type Probe func(ctx context.Context) error

const timeout = 3 * time.Second

// TCP connects to the port.
func TCP(port int) Probe {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return err
		}
		return connection.Close()
	}
}

// Healthz asks https://127.0.0.1:PORT/healthz, as a kubelet does.
func Healthz(port int) Probe { return HTTPS(port, "/healthz") }

// HTTPS asks a path of a server, as a kubelet does.
func HTTPS(port int, path string) Probe {
	// A kubelet does not verify the certificate of a probe either: components sign their own.
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // see above
		DisableKeepAlives: true,
	}
	client := &http.Client{Transport: transport, Timeout: timeout}
	url := fmt.Sprintf("https://127.0.0.1:%d%s", port, path)
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		if err := response.Body.Close(); err != nil {
			return err
		}
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", url, response.Status)
		}
		return nil
	}
}
