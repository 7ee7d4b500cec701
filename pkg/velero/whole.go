package velero

import "strconv"

// Whole is how many managed clusters could be brought back by a backup alone when it was verified: all that it was made for, where it
// does not say; -1 for one that was not verified.
func Whole(backup *Backup) int {
	if backup.Annotations[FinishedAnnotation] == "" {
		return -1
	}
	if whole, err := strconv.Atoi(backup.Annotations[WholeAnnotation]); err == nil {
		return whole
	}
	return MadeFor(backup)
}

// MadeFor is how many managed clusters a backup was made for; 0 where it does not say.
func MadeFor(backup *Backup) int {
	clusters, err := strconv.Atoi(backup.Annotations[ClustersAnnotation])
	if err != nil {
		return 0
	}
	return clusters
}
