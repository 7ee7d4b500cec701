// Package fill puts into the clusters what Advanced Cluster Management with Hive leaves there, and registers the managed
// clusters at their first hub.
package fill

import (
	"bytes"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"text/template"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/acmdr/kubectl-acmdr/test/lab/internal/kube"
)

//go:embed manifests/*.yaml
var manifests embed.FS

// render fills one manifest in.
func render(name string, data any) ([]byte, error) {
	functions := template.FuncMap{
		"base64": func(value any) (string, error) {
			switch value := value.(type) {
			case []byte:
				return base64.StdEncoding.EncodeToString(value), nil
			case string:
				return base64.StdEncoding.EncodeToString([]byte(value)), nil
			}
			return "", fmt.Errorf("base64 of a %T", value)
		},
		"json": func(value any) (string, error) {
			text, err := json.Marshal(value)
			return string(text), err
		},
	}
	parsed, err := template.New(name).Funcs(functions).Option("missingkey=error").ParseFS(manifests, "manifests/"+name)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := parsed.ExecuteTemplate(&out, name, data); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// objects renders manifests and reads the objects in them.
func objects(data any, names ...string) ([]*unstructured.Unstructured, error) {
	var all []*unstructured.Unstructured
	for _, name := range names {
		text, err := render(name, data)
		if err != nil {
			return nil, err
		}
		some, err := kube.Decode(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, some...)
	}
	return all, nil
}
