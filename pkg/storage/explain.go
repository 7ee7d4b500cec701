package storage

import (
	"regexp"
	"slices"
	"strings"
)

// Cause is why Velero cannot use a location, in words that say what to do.
type Cause struct {
	// Problem is what is wrong; Remedy what helps.
	Problem string
	Remedy  string
	// Known tells whether the message was recognized; else Problem is Velero's own text.
	Known bool
}

func (c Cause) String() string {
	if c.Remedy == "" {
		return c.Problem
	}
	return c.Problem + ": " + c.Remedy
}

// Explain says why a location is not Available, from its status.message.
func Explain(message string) Cause {
	for _, sign := range signs {
		if slices.ContainsFunc(sign.texts, func(text string) bool { return strings.Contains(message, text) }) {
			return Cause{Problem: sign.problem, Remedy: sign.remedy, Known: true}
		}
	}
	text := strings.Join(strings.Fields(withoutFrames(message)), " ")
	if text == "" {
		text = "Velero gives no reason"
	}
	return Cause{Problem: text}
}

// withoutFrames takes away what is around the cause in the message of a location.
func withoutFrames(message string) string {
	frames := regexp.MustCompile(`^BackupStorageLocation "[^"]*" is unavailable: |rpc error: code = \w+ desc = |` +
		`operation error S3: \w+, |https response error |StatusCode: \d+, |RequestID: [^,]*, |HostID: [^,]*, `)
	return frames.ReplaceAllString(message, "")
}
