// Package version holds what the linker is told about the build.
package version

// Set by -ldflags "-X".
var (
	// Version is the release, for example v0.1.0.
	Version = "v0.0.0-dev"
	// Commit is the git commit that was built; empty in a release, whose tag names it.
	Commit = ""
)

// Velero is the Velero version whose manifests are embedded and whose server the plugin installs.
const Velero = "v1.18.3"
