package journey

import "crypto/rand"

// InstallMinIO is the command line for a hub whose bucket is in MinIO, under a prefix.
func (w *World) InstallMinIO(t TB, hub, prefix string, flags ...string) []string {
	t.Helper()
	env := w.Lab.Env(t)
	return append([]string{
		"install", "--bucket", env["ACMDR_LAB_BUCKET"], "--prefix", prefix, "--region", env["ACMDR_LAB_REGION"],
		"--s3-url", env["ACMDR_LAB_MINIO_URL"], "--s3-force-path-style", "--cacert", env["ACMDR_LAB_MINIO_CA"],
		"--credentials-file", credentials, "--context", hub,
	}, flags...)
}

// CustomerKey makes a key of SSE-C and returns its file.
func (w *World) CustomerKey(t TB, name string) string {
	t.Helper()
	const size = 32
	key := make([]byte, size)
	if _, err := rand.Read(key); err != nil {
		t.Fatalf("%v", err)
	}
	return w.File(t, name, key)
}
