package cmdutil

import (
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/sets"
)

// ThisHub are those flags that choose the hub in hand, as they were typed; empty where the current context does.
func ThisHub(cmd *cobra.Command) string {
	return typed(cmd, sets.New("kubeconfig", "context").Has)
}

var (
	// commandStart is how a command begins in a text: in quotes, or behind a colon.
	commandStart = regexp.MustCompile(`(^|'|: )((?:kubectl|oc)(?: acmdr)?) ([a-z]+)`)
	// elsewhereRun and elsewhereQuoted tell that a command is for another hub than the one in hand.
	elsewhereRun    = regexp.MustCompile(`on the (active|standby|old) hub( run)?$`)
	elsewhereQuoted = regexp.MustCompile(`^' (on|with) the (active|standby|old) hub`)
	// ownHub is in a command that says itself which cluster it is for.
	ownHub = regexp.MustCompile(`--(context|kubeconfig)\b`)
)

// hubless are commands that ask no cluster.
var hubless = sets.New("config", "rbac")

// OnHub puts the flags that choose the hub in hand into the commands of a text, so that they act on that hub when they are copied.
// The flags of a kubectl plugin cannot stand before its name.
func OnHub(text, flags string) string {
	if flags == "" {
		return text
	}
	var out strings.Builder
	done := 0
	for _, at := range commandStart.FindAllStringSubmatchIndex(text, -1) {
		opening, verb, end := text[at[2]:at[3]], text[at[6]:at[7]], at[5]
		if hubless.Has(verb) || elsewhere(text[:at[0]], opening, text[end:]) {
			continue
		}
		out.WriteString(text[done:end] + " " + flags)
		done = end
	}
	return out.String() + text[done:]
}

// elsewhere tells whether a command is for another cluster, by what is before it and by the rest of the text.
func elsewhere(before, opening, rest string) bool {
	closing := "; "
	if opening == "'" {
		closing = "'"
	}
	command, behind := rest, ""
	if at := strings.Index(rest, closing); at >= 0 {
		command, behind = rest[:at], rest[at:]
	}
	return ownHub.MatchString(command) || elsewhereRun.MatchString(before) || opening == "'" && elsewhereQuoted.MatchString(behind)
}
