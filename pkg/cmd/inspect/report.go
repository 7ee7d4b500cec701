package inspect

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/acmdr/kubectl-acmdr/pkg/inspect"
	"github.com/acmdr/kubectl-acmdr/pkg/printing"
)

// show makes the machine-readable form and the table of a report.
func show(report *inspect.Report, now time.Time) (*unstructured.UnstructuredList, *metav1.Table) {
	table := &metav1.Table{ColumnDefinitions: printing.Columns(
		[]string{"Name", "Verdict", "Credential", "Expires", "Works", "Labels", "Message"}, "Secret", "User", "Server", "Add-ons", "Label List")}
	list := &unstructured.UnstructuredList{Object: map[string]any{
		"apiVersion": printing.APIVersion, "kind": "InspectedClusterList", "hub": report.Hub,
		"objects": int64(report.Objects), "recoverable": int64(report.Recoverable()), "warnings": texts(report.Warnings),
	}}
	for _, c := range report.Clusters {
		source, secret, user, server, expires, notAfter := "", "", "", "", "", ""
		if found := c.Credential; found != nil {
			source, secret, user, server = found.Source, strings.TrimPrefix(found.Origin, "secret "), found.User, found.Config.Host
			if !found.NotAfter.IsZero() {
				notAfter = found.NotAfter.UTC().Format(time.RFC3339)
				expires = "in " + printing.Age(found.NotAfter, now)
				if found.NotAfter.Before(now) {
					expires = printing.Age(now, found.NotAfter) + " ago"
				}
			}
		}
		table.Rows = append(table.Rows, printing.Row(c.Name, string(c.Verdict), source, expires, fmt.Sprint(c.Works), fmt.Sprint(len(c.Labels)),
			c.Reason, secret, user, server, fmt.Sprint(c.AddOns), labelList(c.Labels)))
		labels := map[string]any{}
		for key, value := range c.Labels {
			labels[key] = value
		}
		list.Items = append(list.Items, unstructured.Unstructured{Object: map[string]any{
			"apiVersion": printing.APIVersion, "kind": "InspectedCluster", "metadata": map[string]any{"name": c.Name, "labels": labels},
			"verdict": string(c.Verdict), "message": c.Reason, "hubAcceptsClient": c.Accepted, "namespace": c.Namespace,
			"works": int64(c.Works), "addOns": int64(c.AddOns),
			"credential": map[string]any{"source": source, "secret": secret, "user": user, "server": server, "notAfter": notAfter},
		}})
	}
	return list, table
}

// showChanges is show for what is different between two backups.
func showChanges(changes []inspect.Change) (*unstructured.UnstructuredList, *metav1.Table) {
	table := &metav1.Table{ColumnDefinitions: printing.Columns([]string{"Name", "Change", "Details"})}
	list := &unstructured.UnstructuredList{Object: map[string]any{"apiVersion": printing.APIVersion, "kind": "ClusterChangeList"}}
	for _, c := range changes {
		table.Rows = append(table.Rows, printing.Row(c.Cluster, c.Kind, strings.Join(c.Details, "; ")))
		list.Items = append(list.Items, unstructured.Unstructured{Object: map[string]any{
			"apiVersion": printing.APIVersion, "kind": "ClusterChange", "metadata": map[string]any{"name": c.Cluster},
			"change": c.Kind, "details": texts(c.Details),
		}})
	}
	return list, table
}

func texts(lines []string) []any {
	values := make([]any, 0, len(lines))
	for _, line := range lines {
		values = append(values, line)
	}
	return values
}

func labelList(labels map[string]string) string {
	pairs := make([]string, 0, len(labels))
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		pairs = append(pairs, key+"="+labels[key])
	}
	return strings.Join(pairs, ",")
}
