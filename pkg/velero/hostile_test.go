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
	for name, test := range map[string]struct {
		entries []testutil.Entry
		want    string
	}{
		"twice":              {[]testutil.Entry{{Name: clusterFile, Body: "{}"}, {Name: clusterFile, Body: "{}"}}, "is in it twice"},
		"control characters": {[]testutil.Entry{{Name: "resources/\x1b[2J/x", Body: "{}"}}, "leads out of the archive"},
		"dots":               {[]testutil.Entry{{Name: "./" + clusterFile, Body: "{}"}}, "leads out of the archive"},
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
		{{Name: clusterFile, Typeflag: tar.TypeReg}},
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
