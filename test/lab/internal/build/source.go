package build

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// module is how this module calls itself.
const module = "module github.com/acmdr/kubectl-acmdr/test/lab"

// Source finds the folder of this module: above the working directory, above the executable, or where it was compiled.
func Source() (string, error) {
	var starts []string
	if dir, err := os.Getwd(); err == nil {
		starts = append(starts, dir)
	}
	if file, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(file))
	}
	if _, file, _, ok := runtime.Caller(0); ok {
		starts = append(starts, filepath.Dir(file))
	}
	for _, start := range starts {
		if dir := above(start); dir != "" {
			return dir, nil
		}
	}
	return "", errors.New("the lab's sources (test/lab) are not here: name their folder with --src")
}

// above looks for the module in dir and its parents, directly and as test/lab.
func above(dir string) string {
	for {
		for _, candidate := range []string{dir, filepath.Join(dir, "test", "lab")} {
			if isModule(candidate) {
				return candidate
			}
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

func isModule(dir string) bool {
	data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return false
	}
	first, _, _ := strings.Cut(string(data), "\n")
	return strings.TrimSpace(first) == module
}
