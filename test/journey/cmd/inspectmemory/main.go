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
	"path"
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
	file := filepath.Join(dir, "backup.tar.gz")
	clusters, err := write(file, size)
	if err != nil {
		return err
	}
	stat, err := os.Stat(file)
	if err != nil {
		return err
	}
	began := time.Now()
	cmd := exec.Command(plugin, "inspect", "-f", file, "-o", "name") //nolint:noctx // it runs to its end
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
// whose content does not compress. Every object is in it twice, as Velero writes it.
func write(to string, size int64) (clusters int, err error) {
	file, err := os.Create(to)
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }()
	packed, err := gzip.NewWriterLevel(file, gzip.BestSpeed)
	if err != nil {
		return 0, err
	}
	tarball := tar.NewWriter(packed)
	add := func(resource, place string, body any) error {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		for _, version := range []string{"", "v1-preferredversion"} {
			name := path.Join("resources", resource, version, place+".json")
			header := &tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o600, Size: int64(len(data)), ModTime: time.Now()}
			if err := tarball.WriteHeader(header); err != nil {
				return err
			}
			if _, err := tarball.Write(data); err != nil {
				return err
			}
		}
		return nil
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

func one(add func(resource, place string, body any) error, name string) error {
	const worksPerCluster, workSize = 4, 16 << 10
	meta := func(namespace, name string) map[string]any {
		return map[string]any{"namespace": namespace, "name": name}
	}
	err := add("managedclusters.cluster.open-cluster-management.io", "cluster/"+name, map[string]any{
		"apiVersion": "cluster.open-cluster-management.io/v1", "kind": "ManagedCluster", "metadata": meta("", name),
	})
	if err != nil {
		return err
	}
	err = add("namespaces", "cluster/"+name, map[string]any{
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
		err := add("manifestworks.work.open-cluster-management.io", "namespaces/"+name+"/"+work, map[string]any{
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
