package velero

import (
	"crypto/sha256"
	"hash"
	"hash/maphash"
	"io"
)

// copies sees that the two copies of every object in a tarball are alike. Velero writes an object in its preferred version under that
// version and, the same bytes, without one (pkg/backup/item_backupper.go: in 1.11, as in 1.18), and restores the latter unless its
// feature EnableAPIGroupVersions is on: if they differed, what is verified would not be what comes back. It writes one after the
// other, so that few are held here; those that it adds at the end of a backup with volumes come in any order.
type copies struct {
	seed maphash.Seed
	// single are the objects of which one copy was read.
	single map[uint64]single
	sum    hash.Hash
	// err is what was wrong first.
	err error
}

// single is the copy of an object that was read.
type single struct {
	sum       [sha256.Size]byte
	versioned bool
}

func newCopies() *copies {
	return &copies{seed: maphash.MakeSeed(), single: map[uint64]single{}, sum: sha256.New()}
}

// reader sums up a copy as it is read.
func (c *copies) reader(body io.Reader) io.Reader {
	c.sum.Reset()
	return io.TeeReader(body, c.sum)
}

// add takes the copy of an object that was read last.
func (c *copies) add(object Object) {
	this := single{sum: [sha256.Size]byte(c.sum.Sum(nil)), versioned: object.Version != ""}
	at := maphash.Comparable(c.seed, Object{Resource: object.Resource, Namespace: object.Namespace, Name: object.Name})
	other, read := c.single[at]
	if !read {
		c.single[at] = this
		return
	}
	delete(c.single, at)
	switch {
	case c.err != nil:
	case other.versioned == this.versioned:
		c.err = bad("%s is in it in two versions", object)
	case other.sum != this.sum:
		c.err = bad("%s is in it twice, and not the same: one copy is read, and Velero restores the other", object)
	}
}

// paired refuses what add found, once a tarball was read to its end: one that is damaged is called that.
func (c *copies) paired() error {
	if c.err == nil && len(c.single) > 0 {
		return bad("of %d objects it has one copy: Velero writes two, and restores the one that is not read", len(c.single))
	}
	return c.err
}
