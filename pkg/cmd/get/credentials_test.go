package get

import (
	"errors"
	"testing"
	"time"

	"github.com/acmdr/kubectl-acmdr/pkg/printing"
)

// What is not known of a credential is <none> in the table only: a program gets an empty field.
func TestCredentialReportOfNone(t *testing.T) {
	list, table := credentialReport([]triedCredential{{cluster: "c1", err: errors.New("no credential")}}, time.Now())
	if user, source := list.Items[0].Object["user"], table.Rows[0].Cells[1]; user != "" || source != printing.None {
		t.Errorf("got user %q, source %q", user, source)
	}
}
