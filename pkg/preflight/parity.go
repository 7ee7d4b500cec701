package preflight

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/version"

	"github.com/acmdr/kubectl-acmdr/pkg/ocm"
)

// software is what the rows about it are called.
const software = "software"

// UnknownParity is of a backup that does not tell, as one that ACM made, or of a hub on which this user may not look.
func UnknownParity(why string) Row {
	return Row{
		Name: software, Result: Warn, Reason: why,
		Remedy: "see that ACM, MCE and the operators of this hub are not older than those of the old one",
	}
}

// Parity compares the software of a hub with that of the one that was backed up, as the backup tells. ACM
// and MCE restore onto the same version or a newer one; an older one may not know what it gets.
func Parity(there, here ocm.Software) Row {
	if len(there) == 0 {
		return Passed(software, "the old hub had no operators")
	}
	var missing, older, other []string
	for _, operator := range slices.Sorted(maps.Keys(there)) {
		had := there[operator]
		has, installed := here[operator]
		switch comparison := compare(has, had); {
		case !installed:
			missing = append(missing, strings.TrimSpace(operator+" "+had))
		case comparison < 0:
			older = append(older, fmt.Sprintf("%s %s (the old hub had %s)", operator, has, had))
		case has != had:
			other = append(other, fmt.Sprintf("%s %s (the old hub had %s)", operator, has, had))
		}
	}
	row := Row{Name: software, Result: Warn, Remedy: "install what the old hub had, in the same version"}
	var reasons []string
	for _, part := range []struct {
		what  string
		names []string
	}{{"missing on this hub: ", missing}, {"older on this hub: ", older}, {"another version: ", other}} {
		if len(part.names) > 0 {
			reasons = append(reasons, part.what+Few(part.names))
		}
	}
	if len(reasons) == 0 {
		return Passed(software, "the old hub's %d operators are here, in the same versions", len(there))
	}
	row.Reason = strings.Join(reasons, "; ")
	if slices.ContainsFunc(older, isHub) {
		row.Result, row.Remedy = Fail, "upgrade this hub first: it may not understand what a newer one wrote"
	}
	return row
}

// isHub tells whether an operator makes the hub, so that its objects are of its version.
func isHub(operator string) bool {
	return strings.HasPrefix(operator, ocm.ACM+" ") || strings.HasPrefix(operator, ocm.MCE+" ")
}

// compare compares versions by major and minor; what is no version is equal to everything.
func compare(a, b string) int {
	one, err := version.ParseGeneric(a)
	if err != nil {
		return 0
	}
	other, err := version.ParseGeneric(b)
	if err != nil {
		return 0
	}
	if one.Major() != other.Major() {
		return int(one.Major()) - int(other.Major())
	}
	return int(one.Minor()) - int(other.Minor())
}

// Kinds checks that the hub has the kinds that are in a backup; missing counts the objects by resource.group.
func Kinds(missing map[string]int) Row {
	const name = "kinds"
	if len(missing) == 0 {
		return Passed(name, "this hub has every kind that is in the backup")
	}
	var names []string
	for _, resource := range slices.Sorted(maps.Keys(missing)) {
		names = append(names, fmt.Sprintf("%d %s", missing[resource], resource))
	}
	return Row{
		Name: name, Result: Warn, Reason: "this hub does not have the kinds of " + Few(names) + ", which are not restored",
		Remedy: "install what serves them, if they are wanted",
	}
}
