package testutil

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
)

// Tables compares tables of two columns with a Markdown page, where each stands between the comments <!-- table: NAME --> and
// <!-- end -->; with -update it writes them there. The page's own header lines stay as they are.
func Tables(t *testing.T, page string, tables map[string][][2]string) {
	t.Helper()
	was, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	text := string(was)
	for name, rows := range tables {
		before, rest, ok := strings.Cut(text, "<!-- table: "+name+" -->\n")
		old, after, ended := strings.Cut(rest, "<!-- end -->")
		if !ok || !ended {
			t.Fatalf("%s has no place for table %s", page, name)
		}
		lines := strings.SplitAfterN(old, "\n", 3)
		if len(lines) < 3 {
			t.Fatalf("%s: table %s has no header", page, name)
		}
		var body strings.Builder
		for _, row := range rows {
			fmt.Fprintf(&body, "| `%s` | %s |\n", row[0], row[1])
		}
		text = before + "<!-- table: " + name + " -->\n" + lines[0] + lines[1] + body.String() + "<!-- end -->" + after
	}
	if bytes.Equal(was, []byte(text)) {
		return
	}
	if !*update {
		t.Fatalf("%s is not what the code says: run with -update", page)
	}
	if err := os.WriteFile(page, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
