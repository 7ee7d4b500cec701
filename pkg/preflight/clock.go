package preflight

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"k8s.io/client-go/rest"

	"github.com/acmdr/kubectl-acmdr/pkg/wait"
)

const (
	// unsigned is the skew at which S3 refuses a request (RequestTimeTooSkewed).
	unsigned = 15 * time.Minute
	// noticeable is a skew by which what was renewed just now looks old.
	noticeable = time.Minute
)

// Clock checks how far one clock is ahead of another, as their HTTP answers tell. signs tells that S3 checks signatures made by
// one of the two with the other.
func Clock(whose, against string, skew time.Duration, signs bool) Row {
	name := "clock of " + whose
	apart := skew.Abs().Round(time.Second)
	direction := "ahead of"
	if skew < 0 {
		direction = "behind"
	}
	row := Row{Name: name, Result: Warn, Remedy: "set the clocks by NTP"}
	row.Reason = fmt.Sprintf("%s %s that of %s", apart, direction, against)
	switch {
	case apart < noticeable:
		return Passed(name, "as that of %s", against)
	case signs && apart >= unsigned:
		row.Result = Fail
		row.Reason += ", and S3 refuses what is signed by a clock that is 15 minutes off"
	}
	return row
}

// HubSkew is how far the clock of a hub's API server is ahead of this machine's; a Date has whole seconds.
func HubSkew(ctx context.Context, config *rest.Config, clock wait.Clock) (time.Duration, error) {
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, wait.Probe)
	defer cancel()
	server, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.JoinPath("version").String(), http.NoBody)
	if err != nil {
		return 0, err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	date, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return 0, fmt.Errorf("the API server gives no Date: %w", err)
	}
	return date.Sub(clock.Now().Truncate(time.Second)), nil
}
