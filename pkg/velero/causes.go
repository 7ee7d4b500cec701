package velero

import "regexp"

// class is a kind of message that Velero writes into its results.
type class struct {
	// pattern finds the message; reason may use its groups.
	pattern  *regexp.Regexp
	reason   string
	expected bool
}

// classes are tried in order. The patterns are the texts of velero v1.18.3 (pkg/restore/restore.go, pkg/backup), of the
// API server, and of its admission plugins.
var classes = []class{
	{
		pattern: regexp.MustCompile(`could not restore, ([A-Za-z]+)[: ].* already exists\. Warning: the in-cluster version is different`),
		// It says so of whatever is there: the comparison includes the times at which fields were set.
		reason:   "$1 exists already: kept as it is on the hub",
		expected: true,
	},
	{
		pattern: regexp.MustCompile(`conversion webhook for .*Kind=([A-Za-z]+) failed`),
		reason:  "the conversion webhook of the kind $1 does not answer",
	},
	{
		pattern: regexp.MustCompile(`admission webhook "([^"]+)" denied the request`),
		reason:  "refused by the admission webhook $1",
	},
	{
		pattern: regexp.MustCompile(`failed calling webhook "([^"]+)"`),
		reason:  "the admission webhook $1 does not answer",
	},
	{
		pattern: regexp.MustCompile(`because it is being terminated|namespace .* is being deleted|terminating namespace` +
			`|marked for termination|is already present in the polling set`),
		reason: "the namespace is being deleted on the hub: wait until it is gone and restore again",
	},
	{
		pattern: regexp.MustCompile(`no matches for kind "([^"]+)"` +
			`|error getting resource client for namespace "[^"]*", resource &?"?\{?([^"}:]+)|error getting GVR for ([^:]+)`),
		reason: "the hub does not know the kind $1$2$3",
	},
	{
		pattern: regexp.MustCompile(`deployments\.apps "velero" not found`),
		reason:  "Velero's own Deployment is missing, which one of its restore actions reads: run 'kubectl acmdr install'",
	},
	{
		pattern: regexp.MustCompile(`Cannot resolve kind via discovery|Failed to discover group` +
			`|unable to retrieve the complete list of server APIs`),
		reason: "an API group of the hub does not answer: see 'kubectl get apiservices'",
	},
	{
		pattern: regexp.MustCompile(`([A-Za-z]+)(?:\.[a-z0-9.-]+)? "[^"]+" is invalid: .*(?:field is immutable|may not be changed|immutable when|is immutable)`),
		reason:  "$1 is immutable on the hub and kept as it is: delete it there and restore again, if that of the backup is wanted",
	},
	{
		pattern: regexp.MustCompile(`([A-Za-z]+)(?:\.[a-z0-9.-]+)? "[^"]+" is invalid: `),
		reason:  "the hub refuses $1 as invalid: its software may be of another version than the old hub's",
	},
	{
		pattern: regexp.MustCompile(`Operation cannot be fulfilled on|the object has been modified`),
		reason:  "somebody else changed the object at the same time: restore again",
	},
	{
		pattern: regexp.MustCompile(`request is too large|[Rr]equest entity too large`),
		reason:  "the object is larger than the hub takes",
	},
	{
		pattern: regexp.MustCompile(`error decoding "|error parsing backup contents|error unzipping and extracting|unexpected EOF|gzip: invalid`),
		reason:  "the backup's contents are damaged: restore from another",
	},
	{
		pattern: regexp.MustCompile(`error in applying (?:JSON [Pp]atch|patch)|error in matching regex`),
		reason:  "a part that is not true of this hub could not be scrubbed",
	},
	{
		pattern: regexp.MustCompile(`no space left on device`),
		reason:  "the disk that Velero unpacks backups on, its TMPDIR, is full",
	},
	{
		pattern: regexp.MustCompile(`\b(AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|RequestTimeTooSkewed|NoSuchBucket|NoSuchKey|SlowDown)\b`),
		reason:  "the object store answered $1",
	},
	{
		pattern: regexp.MustCompile(`rpc error: code = Unavailable|plugin process|error reading from server: EOF|transport is closing`),
		reason:  "one of Velero's plugins ended: see the log of its server, then restore again",
	},
	{
		pattern: regexp.MustCompile(`exceeded quota`),
		reason:  "a resource quota of the namespace is exhausted",
	},
	{
		pattern: regexp.MustCompile(`etcdserver: |leader changed|connection refused|i/o timeout|context deadline exceeded` +
			`|Client\.Timeout|the server is currently unable`),
		reason: "the hub's API server did not answer in time: restore again",
	},
	{
		pattern: regexp.MustCompile(`is forbidden: `),
		reason:  "Velero's service account may not do it",
	},
	{
		pattern: regexp.MustCompile(`zero items to be restored`),
		reason:  "the backup holds nothing to restore",
	},
}

// What differs from object to object in a message that no class knows.
var (
	quoted    = regexp.MustCompile(`"[^"]*"`)
	reference = regexp.MustCompile(`\b[a-z0-9.-]+/[A-Za-z0-9:._/-]+`)
	number    = regexp.MustCompile(`\b[0-9]+\b`)
)

// explain says what class a message is of; a message of no class is its own, without what differs from object to object.
func explain(message string) class {
	for _, known := range classes {
		if match := known.pattern.FindStringSubmatchIndex(message); match != nil {
			known.reason = string(known.pattern.ExpandString(nil, known.reason, message, match))
			return known
		}
	}
	message = quoted.ReplaceAllString(message, `"…"`)
	message = reference.ReplaceAllString(message, "…")
	message = number.ReplaceAllString(message, "N")
	return class{reason: message}
}
