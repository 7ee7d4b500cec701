package process

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// tailLines is how much of a log is shown when a component ends early.
const tailLines = 12

// logFile is a component's log during one run.
type logFile struct {
	file  *os.File
	start int64
}

func openLog(path string) (*logFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	return &logFile{file: file, start: info.Size()}, nil
}

func (l *logFile) close() { _ = l.file.Close() }

// note writes a line of the lab's own between the component's.
func (l *logFile) note(format string, args ...any) {
	_, _ = fmt.Fprintf(l.file, "=== lab %s %s\n", time.Now().Format(time.RFC3339), fmt.Sprintf(format, args...))
}

// tail gives the last lines of this run, without the lab's own.
func (l *logFile) tail() []string {
	const most = 16 << 10
	info, err := l.file.Stat()
	if err != nil {
		return nil
	}
	from := max(l.start, info.Size()-most)
	data, err := io.ReadAll(io.NewSectionReader(l.file, from, info.Size()-from))
	if err != nil {
		return nil
	}
	return lastLines(data, tailLines)
}

func lastLines(data []byte, n int) []string {
	var lines []string
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 || bytes.HasPrefix(line, []byte("=== lab ")) {
			continue
		}
		lines = append(lines, string(line))
	}
	return lines[max(0, len(lines)-n):]
}
