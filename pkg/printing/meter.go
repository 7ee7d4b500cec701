package printing

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
	"k8s.io/utils/clock"

	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

// barWidth leaves room for the phase and the counts on a terminal of 80 columns.
const barWidth = 24

// Meter shows on stderr how far one long operation has come: as a live bar on a terminal, else as a line now and then.
type Meter struct {
	out   io.Writer
	what  string
	live  bool
	clock clock.PassiveClock
	bar   *progressbar.ProgressBar
	told  time.Time
	last  string
}

// NewMeter returns the meter of an operation that is called what.
func NewMeter(out io.Writer, what string) *Meter {
	file, ok := out.(*os.File)
	return &Meter{out: out, what: what, live: ok && term.IsTerminal(int(file.Fd())), clock: clock.RealClock{}}
}

// Update tells the phase and how many items of how many are done; a total of 0 is not known yet.
func (m *Meter) Update(phase string, done, total int) {
	if phase == "" {
		phase = "waiting for Velero"
	}
	if m.live {
		m.draw(phase, done, total)
		return
	}
	text := fmt.Sprintf("%s: %s", m.what, phase)
	if total > 0 {
		text += fmt.Sprintf(", %d of %d items", done, total)
	}
	if text == m.last || m.clock.Since(m.told) < wait.Report {
		return
	}
	m.last, m.told = text, m.clock.Now()
	fmt.Fprintln(m.out, text)
}

func (m *Meter) draw(phase string, done, total int) {
	if total == 0 {
		total = -1 // a spinner
	}
	if m.bar == nil {
		m.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(m.out), progressbar.OptionSetWidth(barWidth), progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(false), progressbar.OptionClearOnFinish(), progressbar.OptionSetElapsedTime(true))
	}
	m.bar.Describe(m.what + ": " + phase) // first: a change of the total draws the bar, too
	if m.bar.GetMax() != total {
		m.bar.ChangeMax(total)
	}
	_ = m.bar.Set(done) // a bar that cannot be drawn has no one left to tell
}

// Say writes a line of its own.
func (m *Meter) Say(line string) {
	if m.bar != nil {
		_ = m.bar.Clear()
	}
	fmt.Fprintln(m.out, line)
}

// Close takes the bar off the terminal.
func (m *Meter) Close() {
	if m.bar != nil {
		_ = m.bar.Finish() // which clears it; what is only cleared is drawn again by the spinner
		m.bar = nil
	}
}
