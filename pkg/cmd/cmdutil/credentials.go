package cmdutil

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/acmdr/kubectl-acmdr/pkg/access"
	"github.com/acmdr/kubectl-acmdr/pkg/factory"
	"github.com/acmdr/kubectl-acmdr/pkg/kubeconfig"
)

// CredentialFlags give kubeconfigs of managed clusters, beside those that the hub keeps.
type CredentialFlags struct {
	Kubeconfig string
	Dir        string
}

// AddFlags registers --managed-kubeconfig and --managed-kubeconfig-dir.
func (f *CredentialFlags) AddFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.Kubeconfig, "managed-kubeconfig", "", "Kubeconfig file of the one managed cluster that is named")
	cmd.Flags().StringVar(&f.Dir, "managed-kubeconfig-dir", "",
		"Directory of kubeconfig files of managed clusters, named like them, with or without an extension")
	_ = cmd.MarkFlagFilename("managed-kubeconfig")
	_ = cmd.MarkFlagDirname("managed-kubeconfig-dir")
}

// Read reads the files, by cluster name; names are the clusters that the user named.
func (f *CredentialFlags) Read(names []string) (access.Files, error) {
	files := access.Files{}
	if path := f.Kubeconfig; path != "" {
		if len(names) != 1 {
			return nil, Usagef("--managed-kubeconfig goes with the name of exactly one cluster; for more, use --managed-kubeconfig-dir")
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, Usagef("--managed-kubeconfig: %w", err)
		}
		if _, err := kubeconfig.Load(data); err != nil {
			return nil, Usagef("--managed-kubeconfig %s: %w", path, err)
		}
		files[names[0]] = access.File{Path: path, Data: data}
	}
	if f.Dir == "" {
		return files, nil
	}
	entries, err := os.ReadDir(f.Dir)
	if err != nil {
		return nil, Usagef("--managed-kubeconfig-dir: %w", err)
	}
	for _, entry := range entries {
		if entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		path := filepath.Join(f.Dir, entry.Name())
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, Usagef("--managed-kubeconfig-dir: %w", err)
		}
		files[clusterOf(entry.Name())] = access.File{Path: path, Data: data}
	}
	return files, nil
}

// Finder looks for credentials in these files and on the hub. A file that the user names for a cluster is what the user
// wants: nothing else is tried in its place.
func (f *CredentialFlags) Finder(files access.Files, hub *factory.Clients) *access.Finder {
	sources := []access.Source{files}
	if f.Kubeconfig == "" {
		sources = append(sources, access.HubSources(hub.Kube, hub.Dynamic)...)
	}
	return &access.Finder{Sources: sources, Connect: factory.Connect, Hub: hub.Dynamic}
}

// clusterOf is the cluster that a file is named after; cluster names may hold dots, so only usual extensions are cut.
func clusterOf(file string) string {
	for _, extension := range []string{".kubeconfig", ".yaml", ".yml", ".conf"} {
		if name, ok := strings.CutSuffix(file, extension); ok {
			return name
		}
	}
	return file
}
