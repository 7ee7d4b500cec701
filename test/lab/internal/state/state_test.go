package state

import (
	"testing"
	"time"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/layout"
)

func TestWant(t *testing.T) {
	tests := map[string]struct {
		have    State
		managed int
		grace   time.Duration
		want    State
	}{
		"new lab, nothing asked":  {State{}, 0, 0, State{Managed: 1, EvictionGrace: "60s"}},
		"new lab, three":          {State{}, 3, 0, State{Managed: 3, EvictionGrace: "60s"}},
		"grows":                   {State{Managed: 1, EvictionGrace: "60s"}, 2, 0, State{Managed: 2, EvictionGrace: "60s"}},
		"never shrinks":           {State{Managed: 3, EvictionGrace: "60s"}, 1, 0, State{Managed: 3, EvictionGrace: "60s"}},
		"grace is set":            {State{Managed: 1, EvictionGrace: "60s"}, 0, time.Hour, State{Managed: 1, EvictionGrace: "1h0m0s"}},
		"grace is kept otherwise": {State{Managed: 1, EvictionGrace: "5m"}, 0, 0, State{Managed: 1, EvictionGrace: "5m"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := tt.have
			got.Want(tt.managed, tt.grace, nil, false)
			if got.Managed != tt.want.Managed || got.EvictionGrace != tt.want.EvictionGrace {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestSaveAndLoad(t *testing.T) {
	dir := layout.Dir(t.TempDir())
	s, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	s.Want(2, 0, []string{layout.HubTwo}, true)
	s.Ports[Key("hub-dr1", "apiserver")] = 20001
	s.Filled[Key("hub-dr1", "managed-one")] = true
	if err := s.Save(dir); err != nil {
		t.Fatal(err)
	}
	got, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got.Port("hub-dr1", "apiserver") != 20001 || !got.Filled["hub-dr1/managed-one"] || got.Managed != 2 || !got.MinIO {
		t.Errorf("lost on the way: %+v", got)
	}
}
