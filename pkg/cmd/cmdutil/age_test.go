package cmdutil_test

import (
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/acmdr/kubectl-acmdr/pkg/cmd/cmdutil"
)

func TestParseAge(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"90m": 90 * time.Minute, "8h": 8 * time.Hour, "7d": 7 * day, "1d12h": 36 * time.Hour, "0d": 0, "0": 0, "1h30m": 90 * time.Minute, "2d0": 2 * day,
	} {
		if got, err := cmdutil.ParseAge(text); err != nil || got != want {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "7", "1w", "-1h", "-1d", "1d-1h", "1.5d", "1h1d", "1d1d", "1 d", "99999999999d", "65535d2500000h", "2562048h"} {
		if got, err := cmdutil.ParseAge(text); err == nil {
			t.Errorf("%q was taken for %v", text, got)
		}
	}
}

func TestAddAge(t *testing.T) {
	for args, want := range map[string]string{
		"--ttl=7d": "168h0m0s", "--ttl=8h": "8h0m0s", "--within=0": "0s",
		"--ttl=0":  `invalid argument "0" for "--ttl" flag: it must be more than 0`,
		"--ttl=7y": `invalid argument "7y" for "--ttl" flag: write it as 90m, 8h or 7d`,
	} {
		cmd := &cobra.Command{}
		ttl := time.Hour
		cmdutil.AddAge(cmd, &ttl, "ttl", "")
		cmdutil.AddAgeOrZero(cmd, &ttl, "within", "")
		got := ""
		if err := cmd.ParseFlags([]string{args}); err != nil {
			got = err.Error()
		} else {
			got = cmd.Flags().Lookup("ttl").Value.String()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", args, got, want)
		}
	}
}
