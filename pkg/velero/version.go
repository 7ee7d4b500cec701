package velero

import (
	"fmt"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/util/version"
)

// Version is that of a Velero server. The zero value is one that could not be had.
type Version struct {
	text   string
	number *version.Version
}

// FilteringVersion is the first Velero with filter policies, in a Backup and in a Restore.
const FilteringVersion = "v1.18.3"

// The versions of Velero that matter (its changelogs).
var (
	scoped    = version.MustParseSemantic("1.11.0")
	expanding = version.MustParseSemantic("1.18.1")
	filtering = version.MustParseSemantic(FilteringVersion)
)

var (
	versionText = regexp.MustCompile(`^v?(\d+\.\d+\.\d+)(.*)$`)
	// preRelease is what a version has behind its number that was made before the release of that number. Semantic versioning
	// takes every suffix with a hyphen for one; those of vendors and of rebuilds are not.
	preRelease = regexp.MustCompile(`(?i)^[-._]?(alpha|beta|rc|pre|preview|dev|snapshot)([-._+\d]|$)`)
)

// ParseVersion reads what a server says of itself, or the tag of its image; what does not begin with three numbers is an unknown
// version. v1.18.3-rc.1 is before v1.18.3; v1.18.3-OADP, 1.18.3-debian-12-r3 and v1.18.3+build are that release.
func ParseVersion(text string) Version {
	parts := versionText.FindStringSubmatch(text)
	if parts == nil {
		return Version{}
	}
	number, err := version.ParseSemantic(parts[1])
	if err != nil {
		return Version{}
	}
	if preRelease.MatchString(parts[2]) {
		number = number.WithPreRelease("pre")
	}
	return Version{text: "v" + strings.TrimPrefix(text, "v"), number: number}
}

func (v Version) String() string { return v.text }

// Known tells whether the version could be had.
func (v Version) Known() bool { return v.number != nil }

// FilterPolicies tells whether a backup can say by name which objects and namespaces it is of. Of a server that does not tell its
// version the best is hoped: an older one refuses such a backup, and says so.
func (v Version) FilterPolicies() bool { return !v.Known() || v.FiltersRestores() }

// FiltersRestores tells whether the server surely knows spec.resourcePolicy of a Restore. Of one that does not tell its version
// the worst is feared: an older one would not see the field, and restore everything.
func (v Version) FiltersRestores() bool { return v.Known() && v.number.AtLeast(filtering) }

// Expands tells whether the server lists a hub once per namespace and kind, whatever it is asked for: 20 minutes for 8 objects on
// an ACM hub (velero#9869).
func (v Version) Expands() bool { return v.Known() && v.number.EqualTo(expanding) }

// Backs is why a server cannot make the plugin's backups; nil when it can.
func (v Version) Backs() error {
	switch {
	case v.Expands():
		return fmt.Errorf("Velero %s asks once for every namespace and kind when all namespaces are meant, "+ //nolint:staticcheck // a name
			"which takes hours on a hub: update it to %s", v, FilteringVersion)
	case v.Known() && v.number.LessThan(scoped):
		return fmt.Errorf("Velero %s cannot choose kinds outside namespaces (v1.11 was the first): "+ //nolint:staticcheck // a name
			"update it to %s", v, FilteringVersion)
	}
	return nil
}
