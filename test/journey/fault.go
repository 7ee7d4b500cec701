package journey

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Fault is what befalls one request on its way from the plugin to an API server.
type Fault struct {
	Name string
	// strike stands in for the server: forward hands the request on, kill ends the plugin as SIGKILL does.
	strike func(w http.ResponseWriter, r *http.Request, forward http.HandlerFunc, kill func())
}

// The faults: the plugin dies before or after the server did the work, the answer is lost, the server refuses, or does not
// answer in time.
var (
	KilledBefore = Fault{"killed before", func(_ http.ResponseWriter, _ *http.Request, _ http.HandlerFunc, kill func()) {
		kill()
		panic(http.ErrAbortHandler)
	}}
	KilledAfter = Fault{"killed after", func(_ http.ResponseWriter, r *http.Request, forward http.HandlerFunc, kill func()) {
		forward(unheard{}, r)
		kill()
		panic(http.ErrAbortHandler)
	}}
	AnswerLost = Fault{"answer lost", func(_ http.ResponseWriter, r *http.Request, forward http.HandlerFunc, _ func()) {
		forward(unheard{}, r)
		panic(http.ErrAbortHandler)
	}}
	Conflict        = answers(apierrors.NewConflict(schema.GroupResource{Resource: "things"}, "thing", errInjected))
	TooManyRequests = answers(apierrors.NewTooManyRequestsError("injected"))
	InternalError   = answers(apierrors.NewInternalError(errInjected))
	GatewayTimeout  = answers(apierrors.NewTimeoutError("injected", 0))
	// Silence is longer than a probe is given, and ends like a connection that a firewall forgot.
	Silence = Fault{"silence", func(_ http.ResponseWriter, r *http.Request, _ http.HandlerFunc, _ func()) {
		const longest = 20 * time.Second
		select {
		case <-r.Context().Done():
		case <-time.After(longest):
		}
		panic(http.ErrAbortHandler)
	}}
)

// Faults are all of them.
func Faults() []Fault {
	return []Fault{KilledBefore, KilledAfter, AnswerLost, Conflict, TooManyRequests, InternalError, GatewayTimeout, Silence}
}

type injected string

func (e injected) Error() string { return string(e) }

const errInjected = injected("injected")

// answers is a server that did nothing and says why, as an API server does.
func answers(status *apierrors.StatusError) Fault {
	code := int(status.ErrStatus.Code)
	return Fault{strconv.Itoa(code), func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc, _ func()) {
		w.Header().Set("Content-Type", "application/json")
		if code == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "1")
		}
		w.WriteHeader(code)
		body := status.ErrStatus
		body.Kind, body.APIVersion = "Status", "v1"
		_ = json.NewEncoder(w).Encode(body)
	}}
}

// unheard takes an answer that nobody gets.
type unheard struct{}

// Header is thrown away.
func (unheard) Header() http.Header { return http.Header{} }

// WriteHeader is thrown away.
func (unheard) WriteHeader(int) {}

func (unheard) Write(p []byte) (int, error) { return len(p), nil }
