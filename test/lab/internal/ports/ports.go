// Package ports chooses loopback ports that stay a lab's own for as long as its folder exists, so that a server that was
// killed comes back under the same URL.
package ports

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// lowest is above the ports that well-known servers use.
const lowest = 20000

// Registry records in a file which ports belong to which lab: a port of a lab that is down is free to bind, and another
// lab must still not take it.
type Registry struct {
	File string
	// High is the end of the range to choose from (exclusive). Above it the kernel picks ports for outgoing connections.
	High int
}

// NewRegistry uses the file, with the ports below this machine's ephemeral range.
func NewRegistry(file string) Registry { return Registry{File: file, High: ephemeralLow()} }

// Allocate returns a port for every name: the one in have where there is one, a new one otherwise.
func (r Registry) Allocate(dir string, names []string, have map[string]int) (map[string]int, error) {
	unlock, err := r.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	owners, err := r.read()
	if err != nil {
		return nil, err
	}
	taken := map[int]bool{}
	for owner, list := range owners {
		// A lab whose folder is gone needs its ports no more.
		if _, err := os.Stat(owner); errors.Is(err, os.ErrNotExist) && owner != dir {
			delete(owners, owner)
			continue
		}
		for _, port := range list {
			taken[port] = true
		}
	}
	result := map[string]int{}
	for name, port := range have {
		result[name] = port
		taken[port] = true
	}
	for _, name := range names {
		if result[name] != 0 {
			continue
		}
		port, err := r.choose(taken)
		if err != nil {
			return nil, fmt.Errorf("port for %s: %w", name, err)
		}
		result[name] = port
		taken[port] = true
	}
	owners[dir] = nil
	for _, port := range result {
		owners[dir] = append(owners[dir], port)
	}
	return result, r.write(owners)
}

func (r Registry) choose(taken map[int]bool) (int, error) {
	const tries = 2000
	for range tries {
		port := lowest + rand.IntN(r.High-lowest) //nolint:gosec // not a secret
		if taken[port] || !free(port) {
			continue
		}
		return port, nil
	}
	return 0, fmt.Errorf("no free port in %d-%d after %d tries", lowest, r.High-1, tries)
}

func free(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

func (r Registry) lock() (func(), error) {
	if err := os.MkdirAll(filepath.Dir(r.File), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(r.File+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil
}

func (r Registry) read() (map[string][]int, error) {
	owners := map[string][]int{}
	data, err := os.ReadFile(r.File)
	if errors.Is(err, os.ErrNotExist) {
		return owners, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &owners); err != nil {
		return nil, fmt.Errorf("%s: %w", r.File, err)
	}
	return owners, nil
}

func (r Registry) write(owners map[string][]int) error {
	data, err := json.MarshalIndent(owners, "", "  ")
	if err != nil {
		return err
	}
	tmp := r.File + ".tmp"
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, r.File)
}

// ephemeralLow is where the kernel's range for outgoing connections starts.
func ephemeralLow() int {
	const usual = 32768
	data, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return usual
	}
	low, err := strconv.Atoi(strings.Fields(string(data) + " x")[0])
	if err != nil || low < lowest+1000 {
		return usual
	}
	return low
}
