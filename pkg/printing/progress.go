package printing

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/acmdr/kubectl-acmdr/pkg/step"
)

// maxDetailed is the largest fleet of which every step is told; of a larger one, every cluster.
const maxDetailed = 20

// Progress tells on stderr how the clusters of a run get on. Its methods can be called from many goroutines.
type Progress struct {
	mu    sync.Mutex
	out   io.Writer
	total int
	ended int
}

// NewProgress returns the progress of a run over total clusters.
func NewProgress(out io.Writer, total int) *Progress {
	return &Progress{out: out, total: total}
}

// Step tells of one event of one cluster.
func (p *Progress) Step(event step.Event) {
	if p.total > maxDetailed || (event.Status == step.Running && event.Message == "") {
		return
	}
	text := fmt.Sprintf("%s: %s %s", event.Target, event.Step, strings.ToLower(string(event.Status)))
	if event.Status == step.Running {
		text = fmt.Sprintf("%s: %s waiting: %s", event.Target, event.Step, event.Message)
	} else if event.Status != step.Skipped {
		text += " in " + Elapsed(event.Elapsed)
		if event.Message != "" {
			text += ": " + event.Message
		}
	}
	p.line(text)
}

// Ended tells that one cluster is through.
func (p *Progress) Ended(result step.Result) {
	p.mu.Lock()
	p.ended++
	ended := p.ended
	p.mu.Unlock()
	if p.total <= maxDetailed {
		return
	}
	text := fmt.Sprintf("[%d/%d] %s %s in %s", ended, p.total, result.Target, strings.ToLower(string(result.Status)), Elapsed(result.Elapsed))
	if result.Err != nil {
		text += fmt.Sprintf(" at %s: %v", result.Step, result.Err)
	}
	p.line(text)
}

func (p *Progress) line(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintln(p.out, oneLine(text))
}
