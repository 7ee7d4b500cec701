package velero_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/acmdr/kubectl-acmdr/pkg/internal/testutil"
	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

// bomb is a stream that makes a tarball as it is read: what a hostile one unpacks to must not be held here either.
func bomb(write func(*tar.Writer) error) io.Reader {
	reader, writer := io.Pipe()
	go func() {
		packed := gzip.NewWriter(writer)
		err := write(tar.NewWriter(packed))
		if err == nil {
			err = packed.Close()
		}
		_ = writer.CloseWithError(err)
	}()
	return reader
}

func file(out *tar.Writer, header tar.Header, body []byte) error {
	if header.Size == 0 {
		header.Size = int64(len(body))
	}
	header.Typeflag, header.Mode = tar.TypeReg, 0o600
	if err := out.WriteHeader(&header); err != nil {
		return err
	}
	_, err := out.Write(body)
	return err
}

func TestReadContentsRefusesBombs(t *testing.T) {
	zeros := make([]byte, 8<<20)
	for name, test := range map[string]struct {
		write func(*tar.Writer) error
		want  string
	}{
		"ratio": {func(out *tar.Writer) error {
			for i := range 1000 {
				if err := file(out, tar.Header{Name: fmt.Sprintf("resources/secrets/v1-preferredversion/namespaces/a/%d.json", i)}, zeros); err != nil {
					return err
				}
			}
			return nil
		}, "unpacks to more than 250 times its size"},
		"ratio in what is passed over": {func(out *tar.Writer) error {
			return errors.Join(file(out, tar.Header{Name: "metadata/other", Size: 8 << 20}, zeros), func() error {
				for i := range 1000 {
					if err := file(out, tar.Header{Name: fmt.Sprintf("metadata/%d", i)}, zeros); err != nil {
						return err
					}
				}
				return nil
			}())
		}, "unpacks to more than 250 times its size"},
		"a name of a megabyte": {func(out *tar.Writer) error {
			return file(out, tar.Header{Name: strings.Repeat("x", 1<<20-1024)}, []byte("{}"))
		}, "is longer than a name can be"},
		"two gigabytes": {func(out *tar.Writer) error {
			return out.WriteHeader(&tar.Header{Name: clusterFile, Typeflag: tar.TypeReg, Size: 2 << 30})
		}, "larger than an object can be"},
	} {
		t.Run(name, func(t *testing.T) {
			err := velero.ReadContents(bomb(test.write), func(_ velero.Object, body io.Reader) error {
				_, err := io.Copy(io.Discard, body)
				return err
			})
			var bad *velero.BadContents
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestReadContentsRefusesWhatMisleads(t *testing.T) {
	const (
		restored = "resources/managedclusters.cluster.open-cluster-management.io/cluster/managed-one.json"
		binding  = "resources/clusterrolebindings.rbac.authorization.k8s.io/cluster/x.json"
		beta     = "resources/managedclusters.cluster.open-cluster-management.io/v1beta1-preferredversion/cluster/managed-one.json"
	)
	for name, test := range map[string]struct {
		entries []testutil.Entry
		want    string
	}{
		"twice":              {[]testutil.Entry{{Name: clusterFile, Body: "{}"}, {Name: clusterFile, Body: "{}"}}, "is in it twice"},
		"control characters": {[]testutil.Entry{{Name: "resources/\x1b[2J/x", Body: "{}"}}, "leads out of the archive"},
		"dots":               {[]testutil.Entry{{Name: "./" + clusterFile, Body: "{}"}}, "leads out of the archive"},
		"what Velero alone would read": {
			[]testutil.Entry{{Name: restored, Body: "{}"}, {Name: binding, Body: "{}"}, {Name: clusterFile, Body: "{}"}}, "of 1 objects it has one copy"},
		"what Velero would not read": {[]testutil.Entry{{Name: clusterFile, Body: "{}"}}, "of 1 objects it has one copy"},
		"another under the same name": {
			[]testutil.Entry{{Name: restored, Body: `{"a":1}`}, {Name: clusterFile, Body: "{}"}}, "managed-one is in it twice, and not the same"},
		"another, afterwards": {
			[]testutil.Entry{{Name: clusterFile, Body: "{}"}, {Name: restored, Body: `{"a":1}`}}, "managed-one is in it twice, and not the same"},
		"two versions, one after the other": {
			[]testutil.Entry{{Name: beta, Body: "{}"}, {Name: clusterFile, Body: "{}"}, {Name: restored, Body: "{}"}}, "managed-one is in it in two versions"},
		"two versions, the other way round": {
			[]testutil.Entry{{Name: restored, Body: "{}"}, {Name: beta, Body: "{}"}, {Name: clusterFile, Body: "{}"}}, "of 1 objects it has one copy"},
		"a version without a name": {[]testutil.Entry{{Name: "resources/secrets/-preferredversion/namespaces/a/b.json"}}, "in no place of a backup"},
		"no place for Velero":      {[]testutil.Entry{{Name: "resources/secrets/cluster/a/b.json"}}, "in no place of a backup"},
		"not JSON for Velero":      {[]testutil.Entry{{Name: "resources/secrets/namespaces/a/b"}}, "not a JSON file"},
	} {
		t.Run(name, func(t *testing.T) {
			err := velero.ReadContents(bytes.NewReader(testutil.Tarball(t, test.entries...)), func(velero.Object, io.Reader) error { return nil })
			var bad *velero.BadContents
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// FuzzReadContents: whatever the bytes, reading ends, with an error or without one, and names stay inside.
func FuzzReadContents(f *testing.F) {
	for _, entries := range [][]tar.Header{
		{{Name: clusterFile, Typeflag: tar.TypeReg}}, {{Name: "resources/x/cluster/a.json"}, {Name: "resources/x/v1-preferredversion/cluster/a.json"}},
		{{Name: "../x", Typeflag: tar.TypeReg}}, {{Name: clusterFile, Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}},
	} {
		var out bytes.Buffer
		writer := tar.NewWriter(&out)
		for i := range entries {
			_ = writer.WriteHeader(&entries[i])
		}
		_ = writer.Close()
		f.Add(out.Bytes())
	}
	f.Fuzz(func(t *testing.T, archive []byte) {
		// The fuzzer would not get past the sum of gzip, so what it changes is the tar archive.
		var packed bytes.Buffer
		writer := gzip.NewWriter(&packed)
		_, _ = writer.Write(archive)
		_ = writer.Close()
		err := velero.ReadContents(&packed, func(object velero.Object, body io.Reader) error {
			if object.Name == "" || object.Resource == "" || strings.Contains(object.String(), "..") && strings.Contains(object.String(), "/../") {
				t.Errorf("got %q", object)
			}
			_, err := io.Copy(io.Discard, body)
			return err
		})
		var bad *velero.BadContents
		if err != nil && !errors.As(err, &bad) {
			t.Errorf("got %v", err)
		}
	})
}
