package kubeconfig

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
)

func TestMerge(t *testing.T) {
	one := ForCert("hub-dr1", Cluster{Name: "hub-dr1", Server: "https://127.0.0.1:1"}, "hub-dr1", []byte("c"), []byte("k"))
	two := ForToken("hub-dr2", Cluster{Name: "hub-dr2", Server: "https://127.0.0.1:2"}, "hub-dr2", "t")
	merged, err := Merge(one, two)
	if err != nil {
		t.Fatal(err)
	}
	if merged.CurrentContext != "hub-dr1" {
		t.Errorf("current context %q", merged.CurrentContext)
	}
	for name, server := range map[string]string{"hub-dr1": "https://127.0.0.1:1", "hub-dr2": "https://127.0.0.1:2"} {
		context := merged.Contexts[name]
		if context == nil || merged.Clusters[context.Cluster].Server != server || merged.AuthInfos[context.AuthInfo] == nil {
			t.Errorf("context %s does not lead to %s", name, server)
		}
	}
	if _, err := Merge(one, one); err == nil {
		t.Error("two clusters of one name were merged")
	}
}

func TestWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "deep", "kubeconfig")
	if err := Write(file, ForToken("c", Cluster{Name: "default-cluster", Server: "https://127.0.0.1:1"}, "u", "t")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode().Perm())
	}
	if _, err := clientcmd.LoadFromFile(file); err != nil {
		t.Error(err)
	}
}

func TestPublicHoldsNoCredentials(t *testing.T) {
	data, err := Public("https://127.0.0.1:1", []byte("ca"))
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(config.AuthInfos) != 0 || config.Clusters[""] == nil || !slices.Equal(config.Clusters[""].CertificateAuthorityData, []byte("ca")) {
		t.Errorf("got %+v", config)
	}
}
