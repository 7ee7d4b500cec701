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
}

// Folders in the cache.
const (
	binDir = "bin"
	// pluginDir is a folder of its own, because Velero runs every executable in it.
	pluginDir = "plugins"
	crdDir    = "crds"
)

// Components are all binaries a lab needs. Those that share most code follow each other, so that the time shown for each
// is what it adds.
func Components() []Component {
	return []Component{
		{"etcd", "go.etcd.io/etcd/server/v3", binDir},
		{"kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver", binDir},
		{"kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager", binDir},
		{"kubectl", "k8s.io/kubernetes/cmd/kubectl", binDir},
		{"registration", "open-cluster-management.io/ocm/cmd/registration", binDir},
		{"work", "open-cluster-management.io/ocm/cmd/work", binDir},
		{"versitygw", "github.com/versity/versitygw/cmd/versitygw", binDir},
		{"velero-plugin-for-aws", "github.com/vmware-tanzu/velero-plugin-for-aws/velero-plugin-for-aws", pluginDir},
		{"velero", "./components/velero", binDir},
	}
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
