package testutil

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"strings"
)

// listed is the resource list that Velero keeps beside a tarball. Of a tarball that ends too early it lists what comes before.
func listed(tarball []byte) []byte {
	list := map[string][]string{}
	if unpacked, err := gzip.NewReader(bytes.NewReader(tarball)); err == nil {
		archive := tar.NewReader(unpacked)
		for header, err := archive.Next(); err == nil; header, err = archive.Next() {
			_, place, preferred := strings.Cut(header.Name, "-preferredversion/")
			if !preferred {
				continue
			}
			var object struct{ APIVersion, Kind string }
			_ = json.NewDecoder(archive).Decode(&object) // what is no object is listed without a kind
			name := strings.TrimPrefix(strings.TrimPrefix(strings.TrimSuffix(place, ".json"), "cluster/"), "namespaces/")
			key := object.APIVersion + "/" + object.Kind
			list[key] = append(list[key], name)
		}
	}
	var out bytes.Buffer
	writer := gzip.NewWriter(&out)
	// Neither fails: strings are encoded into memory.
	_ = json.NewEncoder(writer).Encode(list)
	_ = writer.Close()
	return out.Bytes()
}
