package velero

import (
	"archive/tar"
	"compress/gzip"
	"fmt"
	"hash/maphash"
	"io"
	"strings"
)

// What no backup that Velero made comes near: a tarball that goes beyond is made to exhaust its reader.
const (
	// maxObject is more than etcd lets any object be.
	maxObject = 8 << 20
	// maxPath is more than a resource, a namespace and a name can be long together.
	maxPath = 1024
	// maxEntries is seven times the largest backup that was reported to Velero, of 300,000 objects, each of them twice.
	maxEntries = 4_000_000
	// maxRatio is what JSON of a fleet does not compress to, once there is more than ratioFrom of it: DEFLATE itself ends at 1032.
	maxRatio  = 250
	ratioFrom = 64 << 20
)

// unpacker is the gzip stream of a tarball that refuses to grow out of proportion.
type unpacker struct {
	gzip *gzip.Reader
	// packed and unpacked are the bytes so far, the former with what is read ahead.
	packed, unpacked int64
	source           io.Reader
}

func newUnpacker(compressed io.Reader) (*unpacker, error) {
	u := &unpacker{source: compressed}
	unzip, err := gzip.NewReader(readerFunc(func(p []byte) (int, error) {
		n, err := u.source.Read(p)
		u.packed += int64(n)
		return n, err
	}))
	if err != nil {
		return nil, &BadContents{fmt.Errorf("not gzip: %w", err)}
	}
	u.gzip = unzip
	return u, nil
}

func (u *unpacker) Read(p []byte) (int, error) {
	n, err := u.gzip.Read(p)
	u.unpacked += int64(n)
	if u.unpacked > ratioFrom && u.unpacked/maxRatio > u.packed {
		return n, &BadContents{fmt.Errorf("it unpacks to more than %d times its size", maxRatio)}
	}
	return n, err
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// names are those of the entries so far, as 64-bit hashes under a seed that whoever made the tarball cannot know: eight bytes
// for each, however long they are.
type names struct {
	seed maphash.Seed
	seen map[uint64]struct{}
}

// add refuses an entry that is there already, which extractors would take for the later one and readers for either.
func (n *names) add(header *tar.Header) error {
	if n.seen == nil {
		n.seed, n.seen = maphash.MakeSeed(), map[uint64]struct{}{}
	}
	if len(header.Name) > maxPath {
		return fmt.Errorf("%q... is longer than a name can be (%d bytes)", header.Name[:64], len(header.Name))
	}
	hash := maphash.String(n.seed, header.Name)
	if _, twice := n.seen[hash]; twice {
		return fmt.Errorf("%q is in it twice", header.Name)
	}
	if len(n.seen) == maxEntries {
		return fmt.Errorf("it has more than %d entries", maxEntries)
	}
	n.seen[hash] = struct{}{}
	return nil
}

// sparse tells whether most of a file is holes, which a few bytes are enough to ask for.
func sparse(header *tar.Header) bool {
	for key := range header.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}
