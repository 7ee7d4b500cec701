package journey

import (
	"regexp"
	"strings"
	"time"
)

// Result is how a command ended. Its checks return it, so that they can be chained.
type Result struct {
	Line   string
	Stdout string
	Stderr string
	Code   int
	Took   time.Duration
	t      TB
}

// Exits checks the exit code.
func (r *Result) Exits(code int) *Result {
	r.t.Helper()
	if r.Code != code {
		r.fatalf("exit code %d, want %d", r.Code, code)
	}
	return r
}

// Says checks that stdout or stderr contains a text.
func (r *Result) Says(text string) *Result {
	r.t.Helper()
	if !strings.Contains(r.Stdout, text) && !strings.Contains(r.Stderr, text) {
		r.fatalf("does not say %q", text)
	}
	return r
}

// NeverSays checks that neither stdout nor stderr contains a text.
func (r *Result) NeverSays(text string) *Result {
	r.t.Helper()
	if strings.Contains(r.Stdout, text) || strings.Contains(r.Stderr, text) {
		r.fatalf("says %q", text)
	}
	return r
}

// OneError checks that stderr ends with one clear line of error, that it matches a pattern, and that it is the only one.
func (r *Result) OneError(pattern string) *Result {
	r.t.Helper()
	lines := strings.Split(strings.TrimSpace(r.Stderr), "\n")
	last := lines[len(lines)-1]
	switch {
	case strings.Count("\n"+r.Stderr, "\nerror: ") != 1 || !strings.HasPrefix(last, "error: "):
		r.fatalf("want exactly one line of error, the last")
	case !regexp.MustCompile(pattern).MatchString(last):
		r.fatalf("the error is %q, want it to match %q", last, pattern)
	}
	return r
}

// Failed checks that a run over clusters says of this one that it failed, for a reason that matches a pattern, and how to
// resume.
func (r *Result) Failed(cluster, reason string) *Result {
	r.t.Helper()
	if !regexp.MustCompile(cluster + ".*" + reason).MatchString(r.Stdout + r.Stderr) {
		r.fatalf("want %s to fail with %q", cluster, reason)
	}
	return r.Row(cluster, "Failed").Says("To resume: ")
}

var columnGap = regexp.MustCompile(` {2,}`)

// Row checks that a table on stdout has a row that begins with these cells.
func (r *Result) Row(cells ...string) *Result {
	r.t.Helper()
	for row := range strings.Lines(r.Stdout) {
		got := columnGap.Split(strings.TrimSpace(row), -1)
		if len(got) >= len(cells) && strings.Join(got[:len(cells)], "|") == strings.Join(cells, "|") {
			return r
		}
	}
	r.fatalf("no row begins with %q", cells)
	return r
}

func (r *Result) fatalf(format string, args ...any) {
	r.t.Helper()
	r.t.Fatalf("%s: "+format+"\nexit code %d\nstdout:\n%s\nstderr:\n%s", append(append([]any{r.Line}, args...), r.Code, r.Stdout, r.Stderr)...)
}
