// Package build makes the components' binaries, once for every set of module sums.
package build

// Component is one binary.
type Component struct {
	// Name is the file name.
	Name string
	// Package is the main package, in this module or one it requires.
	Package string
	// Dir is the folder in the cache.
	Dir string
	// Stamp names the package whose version variable is set by the linker, and Module where the version is from. Without it
	// the servers would call themselves v0.0.0.
	Stamp, Module string
	// Source is the folder of the module that it is built in, below the lab's own; empty for that.
	Source string
	// InPod tells that it opens its cluster as a pod does, see inPodModule.
	InPod bool
}

// Packages that hold a version.
const (
	kubernetesModule = "k8s.io/kubernetes"
	kubernetesStamp  = "k8s.io/component-base/version.gitVersion"
	veleroModule     = "github.com/vmware-tanzu/velero"
	veleroStamp      = veleroModule + "/pkg/buildinfo.Version"
)

// Folders in the cache.
const (
	binDir = "bin"
	// pluginDir is a folder of its own, because Velero runs every executable in it.
	pluginDir = "plugins"
	crdDir    = "crds"
)

// minIOSource is a module apart: what MinIO requires does not resolve together with Velero and Kubernetes.
const minIOSource = "components/minio"

// Components are all binaries a lab needs, and MinIO where it is asked for. Those that share most code follow each other, so
// that the time shown for each is what it adds.
func Components(minIO bool) []Component {
	components := []Component{
		{Name: "etcd", Package: "go.etcd.io/etcd/server/v3", Dir: binDir},
		{Name: "kube-apiserver", Package: "k8s.io/kubernetes/cmd/kube-apiserver", Dir: binDir, Stamp: kubernetesStamp, Module: kubernetesModule},
		{
			Name: "kube-controller-manager", Package: "k8s.io/kubernetes/cmd/kube-controller-manager", Dir: binDir,
			Stamp: kubernetesStamp, Module: kubernetesModule,
		},
		{Name: "kubectl", Package: "k8s.io/kubernetes/cmd/kubectl", Dir: binDir, Stamp: kubernetesStamp, Module: kubernetesModule},
		{Name: "registration", Package: "open-cluster-management.io/ocm/cmd/registration", Dir: binDir},
		{Name: "work", Package: "open-cluster-management.io/ocm/cmd/work", Dir: binDir},
		{Name: "versitygw", Package: "github.com/versity/versitygw/cmd/versitygw", Dir: binDir},
		{Name: "velero-plugin-for-aws", Package: "github.com/vmware-tanzu/velero-plugin-for-aws/velero-plugin-for-aws", Dir: pluginDir, InPod: true},
		{Name: "velero", Package: "./components/velero", Dir: binDir, Stamp: veleroStamp, Module: veleroModule},
	}
	if minIO {
		components = append(components, Component{Name: "minio", Package: "github.com/minio/minio", Dir: binDir, Source: minIOSource})
	}
	return components
}

// apiModule holds the CRDs of Open Cluster Management as files.
const apiModule = "open-cluster-management.io/api"

// CRDs are the files of apiModule that a lab installs.
func crdFiles() []string {
	return []string{
		"cluster/v1/0000_00_clusters.open-cluster-management.io_managedclusters.crd.yaml",
		"cluster/v1beta2/0000_00_clusters.open-cluster-management.io_managedclustersets.crd.yaml",
		"cluster/v1beta2/0000_01_clusters.open-cluster-management.io_managedclustersetbindings.crd.yaml",
		"cluster/v1alpha1/0000_02_clusters.open-cluster-management.io_clusterclaims.crd.yaml",
		"work/v1/0000_00_work.open-cluster-management.io_manifestworks.crd.yaml",
		"work/v1/0000_01_work.open-cluster-management.io_appliedmanifestworks.crd.yaml",
		"addon/v1alpha1/0000_01_addon.open-cluster-management.io_managedclusteraddons.crd.yaml",
		"operator/v1/0000_00_operator.open-cluster-management.io_klusterlets.crd.yaml",
	}
}
