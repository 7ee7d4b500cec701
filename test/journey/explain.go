package journey

import (
	"context"
	"encoding/json"
	"fmt"
)

// Explanation is what explain says of a cluster.
type Explanation struct {
	Well     bool     `json:"well"`
	Check    string   `json:"check"`
	Reason   string   `json:"reason"`
	Summary  string   `json:"summary"`
	Evidence []string `json:"evidence"`
	Command  string   `json:"command"`
}

// Explain has a cluster explained on a hub; the exit code must agree with what is said.
func (w *World) Explain(t TB, hub, name string, flags ...string) Explanation {
	t.Helper()
	result := w.Acmdr(t, append([]string{"explain", name, "--context", hub, "-o", "json"}, flags...)...)
	var object struct {
		Status Explanation `json:"status"`
	}
	if err := json.Unmarshal([]byte(result.Stdout), &object); err != nil {
		result.fatalf("%v", err)
	}
	code := 1
	if object.Status.Well {
		code = 0
	}
	result.Exits(code)
	return object.Status
}

// IsExplained checks the reason for which a cluster is said to be stuck; an empty one is that it is well.
func (w *World) IsExplained(t TB, hub, name, reason string, flags ...string) Explanation {
	t.Helper()
	e := w.Explain(t, hub, name, flags...)
	if e.Reason != reason {
		t.Fatalf("%s is explained as %q, want %q: %+v", name, e.Reason, reason, e)
	}
	return e
}

// ComesToBe waits until a cluster is stuck for a reason, or well.
func (w *World) ComesToBe(t TB, hub, name, reason string) Explanation {
	t.Helper()
	var e Explanation
	eventually(t, patience, fmt.Sprintf("%s being %q", name, reason), func(context.Context) (bool, string) {
		e = w.Explain(t, hub, name)
		return e.Reason == reason, e.Reason + ": " + e.Summary
	})
	return e
}
