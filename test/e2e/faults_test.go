//go:build e2e

package e2e

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/acmdr/kubectl-acmdr/test/journey"
)

// faults are a lab whose hubs reach their bucket through proxies.
type faults struct {
	*journey.World
	active, standby *journey.S3Proxy
}

// What can go wrong with the storage, with Velero and with a hub while a backup or a restore runs: each time one clear line and
// the right exit code, and once it is cured the same command finishes the job.
func TestFaults(t *testing.T) {
	w := world(t, 1)
	f := &faults{World: w, active: w.S3Proxy(t), standby: w.S3Proxy(t)}
	f.Acmdr(t, f.InstallAt(t, journey.OldHub, f.active.URL)...).Exits(0)
	f.Acmdr(t, f.InstallAt(t, journey.NewHub, f.standby.URL)...).Exits(0)
	f.backup(t, "first").Exits(0)
	f.backup(t, good).Exits(0)
	f.BackupIs(t, journey.NewHub, good, "Completed")
	var survived atomic.Int32
	faults := []struct {
		name string
		do   func(t *testing.T)
	}{
		{"StoreDownInABackup", f.storeDownInABackup},
		{"VeleroKilledInABackup", f.veleroKilledInABackup},
		{"VeleroKilledBeforeABackup", f.veleroKilledBeforeABackup},
		{"VeleroKilledAtTheEndOfABackup", f.veleroKilledAtTheEndOfABackup},
		{"HubRestarted", f.hubRestarted},
		{"DiskFull", f.diskFull},
		{"KeysRevoked", f.keysRevoked},
		{"BucketGone", f.bucketGone},
		{"LocationReadOnly", f.locationReadOnly},
		{"LinkExpired", f.linkExpired},
		{"ClockOff", f.clockOff},
		{"StoreDownInARestore", f.storeDownInARestore},
		{"VeleroKilledInARestore", f.veleroKilledInARestore},
		{"BackupDeletedUnderARestore", f.backupDeletedUnderARestore},
	}
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			t.Cleanup(func() {
				f.active.Pass()
				f.standby.Pass()
			})
			fault.do(t)
			survived.Add(1)
		})
	}
	t.Logf("%d faults tried, %d survived", len(faults), survived.Load())
}

func (f *faults) backup(t journey.TB, name string) *journey.Result {
	return f.Acmdr(t, "backup", name, "--context", journey.OldHub)
}

func (f *faults) start(t journey.TB, args ...string) *journey.Process {
	return f.Shell.Start(t, "kubectl", append([]string{"acmdr"}, args...)...)
}

// cured waits until the locations are what Velero can work with, and makes the backup by the same command.
func (f *faults) cured(t *testing.T, name string) {
	t.Helper()
	f.active.Pass()
	f.LocationIs(t, journey.OldHub, "Available")
	f.backup(t, name).Exits(0).Row(name, "Completed").Says("VERIFIED")
}

// restartVelero kills a hub's Velero and starts it again, with its storage as it was, and returns when it was dead.
func (f *faults) restartVelero(t *testing.T, hub string, storage *journey.S3Proxy) time.Time {
	t.Helper()
	f.Lab.Kill(t, hub, velero)
	dead := time.Now()
	storage.Pass()
	f.Lab.Start(t, hub, velero)
	return dead
}

const velero = "velero"

func (f *faults) storeDownInABackup(t *testing.T) {
	held := f.active.Hold(1, journey.Uploads("/down.tar.gz"))
	running := f.start(t, "backup", "down", "--context", journey.OldHub)
	f.Comes(t, held)
	f.active.Cut()
	running.Wait(t).Exits(1).OneError("backup down is Failed: .*when that is mended, the same command goes on")
	f.cured(t, "down")
}

func (f *faults) veleroKilledInABackup(t *testing.T) {
	held := f.active.Hold(1, journey.Uploads("/killed.tar.gz"))
	running := f.start(t, "backup", "killed", "--context", journey.OldHub)
	f.Comes(t, held)
	killed := f.restartVelero(t, journey.OldHub, f.active)
	running.Wait(t).Exits(1).OneError("backup killed is Failed: .*during the server starting")
	f.LocationSettles(t, journey.OldHub, killed)
	f.cured(t, "killed")
}

// veleroKilledBeforeABackup: while one backup runs the next one waits for its turn, and must not wait for ever.
func (f *faults) veleroKilledBeforeABackup(t *testing.T) {
	held := f.active.Hold(1, journey.Uploads("/ahead.tar.gz"))
	ahead := f.start(t, "backup", "ahead", "--context", journey.OldHub)
	f.Comes(t, held)
	queued := f.start(t, "backup", "queued", "--context", journey.OldHub)
	f.IsThere(t, journey.OldHub, "queued")
	killed := f.restartVelero(t, journey.OldHub, f.active)
	ahead.Wait(t).Exits(1).OneError("backup ahead is Failed: .*during the server starting")
	waited := queued.Wait(t)
	f.LocationSettles(t, journey.OldHub, killed)
	if waited.Code != 0 && f.VeleroStumbled(t, journey.OldHub) {
		waited.Exits(1).OneError("queued is FailedValidation: .*Unavailable")
		f.cured(t, "queued")
	} else {
		waited.Exits(0).Row("queued", "Completed").Says("VERIFIED")
	}
	f.cured(t, "ahead")
}

// veleroKilledAtTheEndOfABackup: it writes the Backup itself when it begins to run, and again when it is finalized.
func (f *faults) veleroKilledAtTheEndOfABackup(t *testing.T) {
	held := f.active.Hold(2, journey.Uploads("/final/velero-backup.json"))
	running := f.start(t, "backup", "final", "--context", journey.OldHub)
	f.Comes(t, held)
	f.BackupIs(t, journey.OldHub, "final", "Finalizing")
	killed := f.restartVelero(t, journey.OldHub, f.active)
	running.Wait(t).Exits(0).Row("final", "Completed").Says("VERIFIED")
	f.LocationSettles(t, journey.OldHub, killed)
}

func (f *faults) hubRestarted(t *testing.T) {
	held := f.active.Hold(1, journey.Uploads("/restarted.tar.gz"))
	running := f.start(t, "backup", "restarted", "--context", journey.OldHub)
	f.Comes(t, held)
	f.Lab.Kill(t, journey.OldHub, "kube-apiserver")
	f.Lab.Start(t, journey.OldHub, "kube-apiserver")
	held.Release()
	running.Wait(t).Exits(0).Row("restarted", "Completed").Says("VERIFIED")
}

func (f *faults) diskFull(t *testing.T) {
	again := sync.OnceFunc(f.FullDisk(t))
	t.Cleanup(again)
	f.backup(t, "full").Exits(1).OneError("backup full is Failed: the S3 server (has no room left|fails, as when it has no room left)")
	again()
	f.cured(t, "full")
}

func (f *faults) keysRevoked(t *testing.T) {
	f.active.Revoke()
	f.LocationIs(t, journey.OldHub, "Unavailable")
	f.backup(t, "revoked").Exits(1).OneError("not Available: the S3 server does not know the access key")
	f.cured(t, "revoked")
}

func (f *faults) bucketGone(t *testing.T) {
	again := sync.OnceFunc(f.BucketGone(t))
	t.Cleanup(again)
	f.LocationIs(t, journey.OldHub, "Unavailable")
	f.LocationIs(t, journey.NewHub, "Unavailable")
	f.backup(t, "gone").Exits(1).OneError("not Available.*(NoSuchBucket|bucket)")
	f.restore(t).Exits(1).OneError("not Available.*(NoSuchBucket|bucket)")
	again()
	f.LocationIs(t, journey.NewHub, "Available")
	f.cured(t, "gone")
}

func (f *faults) locationReadOnly(t *testing.T) {
	mode := func(mode string) {
		t.Helper()
		f.Shell.Run(t, "kubectl", "patch", "backupstoragelocation", "default", "-n", velero, "--type", "merge",
			"-p", `{"spec":{"accessMode":"`+mode+`"}}`, "--context", journey.OldHub).Exits(0)
	}
	mode("ReadOnly")
	refused := f.backup(t, "read-only")
	mode("ReadWrite")
	refused.Exits(1).OneError("is read-only: .*kubectl --context=" + journey.OldHub + " patch backupstoragelocation default")
	f.cured(t, "read-only")
}

func (f *faults) linkExpired(t *testing.T) {
	f.active.Age(time.Hour)
	f.backup(t, "expired").Exits(1).OneError("backup expired is Completed but could not be verified: .*expired")
	f.cured(t, "expired")
}

func (f *faults) clockOff(t *testing.T) {
	const off = 20 * time.Minute
	f.standby.Skew(off)
	f.Acmdr(t, "inspect", good, "--context", journey.NewHub).Exits(1).OneError("its clock is 20m ahead of this machine's: set them")
	f.standby.Pass()
	f.active.Skew(off)
	f.backup(t, "skewed").Exits(1).OneError("the clocks of the hub and of the S3 server differ by more than 15 minutes")
	f.cured(t, "skewed")
}

func (f *faults) restore(t journey.TB) *journey.Result {
	return f.Acmdr(t, "restore", "--from-backup", good, "--context", journey.NewHub)
}

func (f *faults) storeDownInARestore(t *testing.T) {
	held := f.standby.Hold(1, journey.Downloads("/"+good+".tar.gz"))
	running := f.start(t, "restore", "--from-backup", good, "--context", journey.NewHub)
	f.Comes(t, held)
	f.standby.Cut()
	running.Wait(t).Exits(1).OneError("restore " + good + "-[0-9]+ is Failed: .*when that is mended, the same command goes on")
	f.standby.Pass()
	f.LocationIs(t, journey.NewHub, "Available")
	f.restore(t).Exits(0).Row(cluster, "exists", "found")
	f.forget(t)
}

func (f *faults) veleroKilledInARestore(t *testing.T) {
	held := f.standby.Hold(1, journey.Downloads("/"+good+".tar.gz"))
	running := f.start(t, "restore", "--from-backup", good, "--context", journey.NewHub)
	f.Comes(t, held)
	killed := f.restartVelero(t, journey.NewHub, f.standby)
	running.Wait(t).Exits(1).OneError("restore " + good + "-[0-9]+ is Failed: .*during the server starting")
	f.LocationSettles(t, journey.NewHub, killed)
	f.restore(t).Exits(0).Row(cluster, "exists", "found")
	f.forget(t)
}

// backupDeletedUnderARestore: the newest is deleted on the hub that made it while it is restored on the other one. Without a name the
// same command then takes the next.
func (f *faults) backupDeletedUnderARestore(t *testing.T) {
	const newest = "skewed"
	f.BackupIs(t, journey.NewHub, newest, "Completed")
	held := f.standby.Hold(1, journey.Downloads("/"+newest+".tar.gz"))
	running := f.start(t, "restore", "--context", journey.NewHub)
	f.Comes(t, held)
	f.DeletesBackup(t, journey.OldHub, newest)
	held.Release()
	running.Wait(t).Exits(1).OneError("(" + newest + "|deleted).*")
	f.standby.Pass()
	f.Acmdr(t, "restore", "--context", journey.NewHub).Exits(0).Row(cluster, "exists", "found")
}

// forget takes what a restore brought away again, so that the next one has to bring it.
func (f *faults) forget(t *testing.T) {
	t.Helper()
	f.Shell.Run(t, "kubectl", "delete", "restores.velero.io", "--all", "-n", velero, "--context", journey.NewHub).Exits(0)
}
