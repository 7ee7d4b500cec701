package process

import (
	"fmt"
	"strings"
	"time"
)

// State is one word for how a component is.
type State string

// The states of a component.
const (
	Starting State = "Starting" // runs, not ready yet
	Waiting  State = "Waiting"  // does not run because something it needs is missing
	Ready    State = "Ready"
	BackOff  State = "BackOff" // ended by itself, will be started again
	Stopped  State = "Stopped"
	Killed   State = "Killed"
)

// Status is a snapshot of a component.
type Status struct {
	Cluster   string    `json:"cluster"`
	Component string    `json:"component"`
	State     State     `json:"state"`
	Message   string    `json:"message,omitempty"`
	PID       int       `json:"pid,omitempty"`
	URL       string    `json:"url,omitempty"`
	Restarts  int       `json:"restarts"`
	Started   time.Time `json:"started,omitzero"`
	LastExit  string    `json:"lastExit,omitempty"`
	// Tail is the end of the log of the run that ended last.
	Tail []string `json:"-"`
}

// ExitError says that a component ended before it was ready.
type ExitError struct {
	Cluster, Component string
	Exit               string
	Log                string
	Tail               []string
}

func (e *ExitError) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %s ended before it was ready (%s); the end of %s:", e.Cluster, e.Component, e.Exit, e.Log)
	for _, line := range e.Tail {
		text.WriteString("\n    " + line)
	}
	return text.String()
}
