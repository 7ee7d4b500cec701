package printing

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/util/jsonpath"
)

// CustomColumns prints objects by the SPEC of kubectl get -o custom-columns: HEADER:PATH[,HEADER:PATH...]. It is written
// here because kubectl's own lives in a package that doubles the plugin's start-up time.
type CustomColumns struct {
	names []string
	paths []*jsonpath.JSONPath
	// NoHeaders leaves the header line out.
	NoHeaders bool
}

// NewCustomColumns parses a SPEC.
func NewCustomColumns(spec string) (*CustomColumns, error) {
	c := &CustomColumns{}
	for column := range strings.SplitSeq(spec, ",") {
		name, path, ok := strings.Cut(column, ":")
		if !ok || name == "" || path == "" {
			return nil, fmt.Errorf("custom-columns: %q is not HEADER:PATH", column)
		}
		// kubectl accepts .metadata.name, metadata.name and {.metadata.name}.
		path = strings.TrimPrefix(strings.TrimSuffix(strings.TrimPrefix(path, "{"), "}"), ".")
		parser := jsonpath.New(name).AllowMissingKeys(true)
		if err := parser.Parse("{." + path + "}"); err != nil {
			return nil, fmt.Errorf("custom-columns: %w", err)
		}
		c.names, c.paths = append(c.names, name), append(c.paths, parser)
	}
	return c, nil
}

// PrintObj writes one line per object of a list, or one for a single object.
func (c *CustomColumns) PrintObj(object runtime.Object, out io.Writer) error {
	objects, err := items(object)
	if err != nil {
		return err
	}
	table := &metav1.Table{ColumnDefinitions: Columns(c.names)}
	var failed error
	for _, object := range objects {
		cells := make([]any, 0, len(c.paths))
		for _, path := range c.paths {
			cell, err := c.cell(path, object)
			failed = errors.Join(failed, err)
			cells = append(cells, cell)
		}
		table.Rows = append(table.Rows, Row(cells...))
	}
	return errors.Join(failed, PrintTable(out, table, TableOptions{NoHeaders: c.NoHeaders}))
}

// items are the objects of a list, or the only one.
func items(object runtime.Object) ([]runtime.Object, error) {
	if !meta.IsListType(object) {
		return []runtime.Object{object}, nil
	}
	return meta.ExtractList(object)
}

func (c *CustomColumns) cell(path *jsonpath.JSONPath, object runtime.Object) (string, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return "", err
	}
	var text bytes.Buffer
	results, err := path.FindResults(content)
	if err != nil {
		return "", err
	}
	for _, result := range results {
		for i, value := range result {
			if i > 0 {
				text.WriteByte(',')
			}
			fmt.Fprint(&text, value.Interface())
		}
	}
	return text.String(), nil
}
