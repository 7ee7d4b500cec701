package inspect

import (
	"maps"
	"time"
)

// apart is how long Velero may take to begin the next backup of one generation; it makes them one after another.
const apart = 5 * time.Minute

// merge adds another inventory: ACM splits what belongs together over several backups.
func (i *Inventory) merge(other *Inventory) {
	if i.objects > 0 && other.objects > 0 && (other.first.Sub(i.last) > apart || i.first.Sub(other.last) > apart) {
		i.mixed = true
	}
	maps.Copy(i.clusters, other.clusters)
	i.hive.Merge(other.hive)
	for name, found := range other.namespaces {
		kept := i.in(name)
		if kept.itself && found.itself {
			i.strangers = true
		}
		kept.itself, kept.cluster, kept.addOns = kept.itself || found.itself, kept.cluster || found.cluster, max(kept.addOns, found.addOns)
		kept.secrets, kept.works, kept.hosted = union(kept.secrets, found.secrets), union(kept.works, found.works), union(kept.hosted, found.hosted)
	}
	i.local = append(i.local, other.local...)
	for resource, n := range other.resources {
		i.resources[resource] += n
	}
	i.objects += other.objects
	if !other.first.IsZero() && (i.first.IsZero() || other.first.Before(i.first)) {
		i.first = other.first
	}
	if other.last.After(i.last) {
		i.last = other.last
	}
}

func union[V any](into, from map[string]V) map[string]V {
	if into == nil {
		return from
	}
	maps.Copy(into, from)
	return into
}
