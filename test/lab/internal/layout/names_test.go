package layout

import (
	"slices"
	"testing"
)

func TestManaged(t *testing.T) {
	got := Managed(12)
	for i, want := range map[int]string{0: "managed-one", 9: "managed-ten", 10: "managed-11", 11: "managed-12"} {
		if got[i] != want {
			t.Errorf("managed cluster %d is %s, want %s", i+1, got[i], want)
		}
	}
	if want := []string{HubOne, HubTwo, "managed-one"}; !slices.Equal(Clusters(1), want) {
		t.Errorf("got %v, want %v", Clusters(1), want)
	}
}
