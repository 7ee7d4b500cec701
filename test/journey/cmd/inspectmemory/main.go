// Command inspectmemory writes the tarball of a backup of many managed clusters, as large as asked for, has the plugin inspect it, and
// prints how much memory that took at most and how long.
package main

import (
	"archive/tar"
	"compress/gzip"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	plugin := flag.String("plugin", "bin/kubectl-acmdr", "The plugin")
	mib := flag.Int64("mib", 1024, "Size of the tarball in MiB")
	flag.Parse()
	if err := run(*plugin, *mib<<20); err != nil {
		fmt.Fprintln(os.Stderr, "inspectmemory:", err)
		os.Exit(1)
	}
}

func run(plugin string, size int64) error {
	dir, err := os.MkdirTemp("", "acmdr-inspectmemory-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "backup.tar.gz")
	clusters, err := write(path, size)
	if err != nil {
		return err
	}
	stat, err := os.Stat(path)
	if err != nil {
		return err
	}
	began := time.Now()
	cmd := exec.Command(plugin, "inspect", "-f", path, "-o", "name") //nolint:noctx // it runs to its end
	cmd.Stdout, cmd.Stderr = io.Discard, os.Stderr
	// No cluster in it has a credential, so the exit code is 1.
	if err := cmd.Run(); cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 1 {
		return fmt.Errorf("%s: %w", plugin, err)
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return fmt.Errorf("this system does not tell how much memory %s took", plugin)
	}
	fmt.Printf("%d MiB, %d managed clusters: %d MiB of memory at most, %.0fs\n",
		stat.Size()>>20, clusters, usage.Maxrss>>10, time.Since(began).Seconds())
	return nil
}

// write fills a tarball with managed clusters until it is large enough: of each its ManagedCluster, its Namespace, and ManifestWorks
// whose content does not compress.
func write(path string, size int64) (clusters int, err error) {
	file, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }()
	packed, err := gzip.NewWriterLevel(file, gzip.BestSpeed)
	if err != nil {
		return 0, err
	}
	tarball := tar.NewWriter(packed)
	add := func(name string, body any) error {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		header := &tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o600, Size: int64(len(data)), ModTime: time.Now()}
		if err := tarball.WriteHeader(header); err != nil {
			return err
		}
		_, err = tarball.Write(data)
		return err
	}
	if err := add("metadata/version", "1.1.0"); err != nil {
		return 0, err
	}
	for written := int64(0); written < size; clusters++ {
		if err := one(add, fmt.Sprintf("cluster-%06d", clusters)); err != nil {
			return 0, err
		}
		if written, err = file.Seek(0, io.SeekCurrent); err != nil {
			return 0, err
		}
	}
	for _, end := range []func() error{tarball.Close, packed.Close, file.Close} {
		if err := end(); err != nil {
			return 0, err
		}
	}
	return clusters, nil
}

func one(add func(name string, body any) error, name string) error {
	const worksPerCluster, workSize = 4, 16 << 10
	meta := func(namespace, name string) map[string]any {
		return map[string]any{"namespace": namespace, "name": name}
	}
	err := add("resources/managedclusters.cluster.open-cluster-management.io/v1-preferredversion/cluster/"+name+".json", map[string]any{
		"apiVersion": "cluster.open-cluster-management.io/v1", "kind": "ManagedCluster", "metadata": meta("", name),
	})
	if err != nil {
		return err
	}
	err = add("resources/namespaces/v1-preferredversion/cluster/"+name+".json", map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": meta("", name),
	})
	if err != nil {
		return err
	}
	for i := range worksPerCluster {
		noise := make([]byte, workSize)
		if _, err := rand.Read(noise); err != nil {
			return err
		}
		work := fmt.Sprintf("work-%d", i)
		err := add("resources/manifestworks.work.open-cluster-management.io/v1-preferredversion/namespaces/"+name+"/"+work+".json", map[string]any{
			"apiVersion": "work.open-cluster-management.io/v1", "kind": "ManifestWork", "metadata": meta(name, work),
			"spec": map[string]any{"workload": map[string]any{"manifests": []any{map[string]any{
				"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("default", work),
				"data": map[string]string{"noise": base64.StdEncoding.EncodeToString(noise)},
			}}}},
		})
		if err != nil {
			return err
		}
	}
	return nil
}
