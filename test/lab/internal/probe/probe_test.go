package probe

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
)

func TestHealthz(t *testing.T) {
	for status, ok := range map[int]bool{http.StatusOK: true, http.StatusInternalServerError: false} {
		server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/healthz" {
				t.Errorf("path %s", r.URL.Path)
			}
			w.WriteHeader(status)
		}))
		_, text, _ := net.SplitHostPort(server.Listener.Addr().String())
		port, _ := strconv.Atoi(text)
		if err := Healthz(port)(t.Context()); (err == nil) != ok {
			t.Errorf("status %d: %v", status, err)
		}
		if err := TCP(port)(t.Context()); err != nil {
			t.Error(err)
		}
		server.Close()
		if err := TCP(port)(t.Context()); err == nil {
			t.Error("connected to a closed server")
		}
	}
}
