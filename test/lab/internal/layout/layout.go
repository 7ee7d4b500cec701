// Package layout knows where everything of a lab lies under its folder, and what its clusters are called.
package layout

import "path/filepath"

// Names that are the same in every lab.
const (
	HubOne       = "hub-dr1"
	HubTwo       = "hub-dr2"
	LocalCluster = "local-cluster"
	S3           = "s3"
	MinIO        = "minio"
	Bucket       = "acm-dr"
	Region       = "us-east-1"
)

// Dir is the folder of one lab, as an absolute path.
type Dir string

func (d Dir) path(elem ...string) string {
	return filepath.Join(append([]string{string(d)}, elem...)...)
}

func (d Dir) State() string         { return d.path("state.json") }
func (d Dir) Lock() string          { return d.path("lock") }
func (d Dir) Socket() string        { return d.path(SocketName) }
func (d Dir) Kubeconfig() string    { return d.path("kubeconfig") }
func (d Dir) Logs() string          { return d.path("logs") }
func (d Dir) SupervisorLog() string { return d.path("logs", "supervisor.log") }
func (d Dir) S3Data() string        { return d.path(S3, "data") }
func (d Dir) S3Root() string        { return d.path(S3, "root.json") }
func (d Dir) S3Credentials() string { return d.path(S3, "credentials-velero") }

// MinIOData and what follows is of the S3 server that encrypts: its data, the folder of its certificate, the CA that signed that, and
// the key that its KMS has.
func (d Dir) MinIOData() string  { return d.path(MinIO, "data") }
func (d Dir) MinIOCerts() string { return d.path(MinIO, "certs") }
func (d Dir) MinIOPKI() string   { return d.path(MinIO, "pki") }
func (d Dir) MinIOCA() string    { return d.path(MinIO, "pki", "ca.crt") }
func (d Dir) MinIOKMS() string   { return d.path(MinIO, "kms-key") }

// SocketName is the control socket's file name in the folder.
const SocketName = "lab.sock"

// Log is the log file of one component.
func (d Dir) Log(cluster, component string) string {
	return d.path("logs", cluster+"-"+component+".log")
}

// Cluster is the folder of one cluster.
func (d Dir) Cluster(name string) Cluster { return Cluster(d.path(name)) }

// Cluster is the folder of one cluster, as an absolute path.
type Cluster string

func (c Cluster) path(elem ...string) string {
	return filepath.Join(append([]string{string(c)}, elem...)...)
}

func (c Cluster) PKI() string        { return c.path("pki") }
func (c Cluster) Etcd() string       { return c.path("etcd") }
func (c Cluster) Kubeconfig() string { return c.path("kubeconfig") }
func (c Cluster) Agent() string      { return c.path("agent") }
func (c Cluster) Velero() string     { return c.path("velero") }

// ComponentKubeconfig is the kubeconfig of one of the cluster's components, with an identity of its own.
func (c Cluster) ComponentKubeconfig(component string) string {
	return c.path(component + ".kubeconfig")
}

// Tmp is the TMPDIR of one component.
func (c Cluster) Tmp(component string) string { return c.path("tmp", component) }
