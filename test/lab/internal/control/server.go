package control

import (
	"context"
	"encoding/json"
	"net/http"
)

// Lab is what the supervisor offers.
type Lab interface {
	// Events sends what happens during `up`, from its beginning, until the lab is ready or has failed.
	Events(ctx context.Context, send func(Event) error) error
	// Owned is called while the `up` that started the lab watches; the returned function when it is gone.
	Owned() func()
	Status() Status
	Kill(ctx context.Context, name, component string) error
	Start(ctx context.Context, name, component string) error
	// Stop returns at once.
	Stop()
}

// Handler serves a lab.
func Handler(lab Lab) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+pathEvents, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("owner") == "true" {
			defer lab.Owned()()
		}
		encoder, flush := json.NewEncoder(w), http.NewResponseController(w)
		// An error means that the client is gone.
		_ = lab.Events(r.Context(), func(event Event) error {
			if err := encoder.Encode(event); err != nil {
				return err
			}
			return flush.Flush()
		})
	})
	mux.HandleFunc("GET "+pathStatus, func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(lab.Status())
	})
	mux.HandleFunc("POST "+pathKill, act(lab.Kill))
	mux.HandleFunc("POST "+pathStart, act(lab.Start))
	mux.HandleFunc("POST "+pathStop, func(http.ResponseWriter, *http.Request) { lab.Stop() })
	return mux
}

func act(do func(ctx context.Context, name, component string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if err := do(r.Context(), query.Get("name"), query.Get("component")); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
		}
	}
}
