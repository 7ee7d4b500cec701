package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/layout"
)

// ErrNotRunning says that no supervisor listens.
var ErrNotRunning = errors.New("the lab is not running")

// Client talks to the supervisor of one lab.
type Client struct{ http *http.Client }

// NewClient makes a client for the lab in dir; it need not run yet.
func NewClient(dir layout.Dir) *Client {
	return &Client{http: &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			connection, err := dial(ctx, dir)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", ErrNotRunning, err)
			}
			return connection, nil
		},
	}}}
}

// Events calls show for each event until the lab is ready. When it fails, the reason is returned.
func (c *Client) Events(ctx context.Context, owner bool, show func(text string)) error {
	body, err := c.do(ctx, http.MethodGet, pathEvents, url.Values{"owner": {fmt.Sprint(owner)}})
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	decoder := json.NewDecoder(body)
	for {
		var event Event
		if err := decoder.Decode(&event); err != nil {
			return fmt.Errorf("the supervisor is gone: %w", err)
		}
		switch {
		case event.Error != "":
			return errors.New(event.Error)
		case event.Done:
			return nil
		}
		show(event.Text)
	}
}

// Status asks how the components are.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var status Status
	body, err := c.do(ctx, http.MethodGet, pathStatus, nil)
	if err != nil {
		return status, err
	}
	return status, errors.Join(json.NewDecoder(body).Decode(&status), body.Close())
}

// Kill kills a cluster or one of its components.
func (c *Client) Kill(ctx context.Context, name, component string) error {
	return c.act(ctx, pathKill, name, component)
}

// Start starts what was killed and waits until it is ready.
func (c *Client) Start(ctx context.Context, name, component string) error {
	return c.act(ctx, pathStart, name, component)
}

// Stop asks the supervisor to stop everything; it ends after that.
func (c *Client) Stop(ctx context.Context) error { return c.act(ctx, pathStop, "", "") }

func (c *Client) act(ctx context.Context, path, name, component string) error {
	body, err := c.do(ctx, http.MethodPost, path, url.Values{"name": {name}, "component": {component}})
	if err != nil {
		return err
	}
	return body.Close()
}

func (c *Client) do(ctx context.Context, method, path string, query url.Values) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://lab"+path+"?"+query.Encode(), http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // the URL says nothing to a user
		}
		return nil, err
	}
	if response.StatusCode == http.StatusOK {
		return response.Body, nil
	}
	text, err := io.ReadAll(response.Body)
	return nil, errors.Join(errors.New(strings.TrimSpace(string(text))), err, response.Body.Close())
}
