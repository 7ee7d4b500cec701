package velero

import (
	"context"
	"slices"
	"strings"
)

// ResourceList is what a backup holds: the names (namespace/name for namespaced objects) by apiVersion/Kind, for
// example "v1/Secret". It is the cheapest way to see what is inside, since no object is read.
type ResourceList map[string][]string

// ResourceList fetches the resource list of a backup.
func (d *Downloader) ResourceList(ctx context.Context, backup *Backup) (ResourceList, error) {
	var list ResourceList
	err := d.document(ctx, backup.Spec.StorageLocation, BackupResourceList, backup.Name, &list)
	return list, err
}

// Names returns the objects of a kind in a group ("" for the core group), whatever the version.
func (l ResourceList) Names(group, kind string) []string {
	var names []string
	for key, listed := range l {
		version, listedKind, ok := cutLast(key, "/")
		if !ok || listedKind != kind {
			continue
		}
		listedGroup, _, grouped := strings.Cut(version, "/")
		if !grouped {
			listedGroup = ""
		}
		if listedGroup == group {
			names = append(names, listed...)
		}
	}
	slices.Sort(names)
	return names
}

// Len is the number of objects.
func (l ResourceList) Len() int {
	n := 0
	for _, names := range l {
		n += len(names)
	}
	return n
}

func cutLast(s, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[:i], s[i+len(separator):], true
	}
	return s, "", false
}
