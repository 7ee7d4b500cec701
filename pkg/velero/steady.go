package velero

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// steady is the body of a download that ends when the store sends nothing for as long as limit: a connection that is open and silent
// would be waited for for ever. Only reading is timed, not what is done between two reads.
type steady struct {
	io.ReadCloser
	host  string
	limit time.Duration
	// cancel ends the request, and with it a read that waits.
	cancel context.CancelFunc
	silent bool
}

func (s *steady) Read(p []byte) (int, error) {
	timer := time.AfterFunc(s.limit, s.cancel)
	n, err := s.ReadCloser.Read(p)
	s.silent = !timer.Stop() || s.silent
	if s.silent && err != nil && !errors.Is(err, io.EOF) {
		return n, fmt.Errorf("the object store at %s stopped sending: nothing came for %s", s.host, s.limit)
	}
	return n, err
}

// Close ends the request too.
func (s *steady) Close() error {
	s.cancel()
	return s.ReadCloser.Close()
}
