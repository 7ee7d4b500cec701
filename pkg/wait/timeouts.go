package wait

import "time"

const (
	// Interval between two looks at something that is waited for. 300 ms keeps a move within 2 s of the agent's own
	// time while 50 parallel moves cost a hub fewer than 200 reads a second.
	Interval = 300 * time.Millisecond

	// Look is how often a wait looks again at what should not change meanwhile: an old hub puts its bootstrap kubeconfig
	// back at most every 4 min, and the agent needs a few seconds to follow.
	Look = 3 * time.Second

	// Probe bounds one look at an API that may not answer: a credential, a hub's URL; and how long a store may send nothing.
	Probe = 15 * time.Second

	// Complete bounds what a shell waits for when a key asks it to complete a word.
	Complete = 3 * time.Second

	// Open bounds finding and proving a credential: a few probes, where a cluster has several credentials.
	Open = 1 * time.Minute

	// Knock is how long an agent may take to show up at its new hub: about 5 s for an agent that watches its bootstrap
	// secret (OCM 0.15 and later), up to 3 min where kubelet's probes restart it (0.13, 0.14).
	Knock = 5 * time.Minute

	// Fetch is how long an agent may take to fetch the certificate that it asked for: it watches its CSR, so seconds.
	Fetch = 1 * time.Minute

	// Join is how long an accepted agent may take to be Joined and Available with a renewed lease: the lease is renewed
	// every 60 s by default.
	Join = 5 * time.Minute

	// Evict is how long a work agent may take to begin evictions: its restart after the registration agent has written the
	// new kubeconfig, up to a minute where kubelet syncs the secret, and its first look at what it has applied.
	Evict = 90 * time.Second

	// Established is how long an API server may take to serve a kind after its definition was created.
	Established = 1 * time.Minute

	// Server is how long Velero's server may take to be available: two images are pulled, and its plugins are asked.
	Server = 5 * time.Minute

	// Storage is how long a BackupStorageLocation may take to be validated: Velero looks every minute.
	Storage = 3 * time.Minute

	// Sync is how long a backup may take to show up on another hub: Velero lists the bucket every minute, after the
	// location turned Available.
	Sync = 3 * time.Minute

	// Download bounds the answer to one DownloadRequest; Velero leaves some unanswered for ever (velero#5324).
	Download = 1 * time.Minute

	// Delete is how long Velero may take to delete a backup: it deletes one after another, and downloads each before.
	Delete = 10 * time.Minute

	// Stuck is how long a backup that Velero is about to start may stay so; a healthy server takes it up at once.
	Stuck = 20 * time.Second

	// Report is how often progress is told in lines, where no terminal shows it.
	Report = 5 * time.Second

	// Velero is the default for a whole backup or restore.
	Velero = 2 * time.Hour
)
