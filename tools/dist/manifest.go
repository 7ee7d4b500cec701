package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"text/template"
)

//go:embed acmdr.yaml.tmpl
var manifestTemplate string

// render writes the krew manifest of a release. The one at the root and the one in the index are the same text.
func render(version string, archives []archive) ([]byte, error) {
	tmpl, err := template.New("acmdr.yaml").Option("missingkey=error").Parse(manifestTemplate)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	data := struct {
		Version  string
		Archives []archive
	}{version, archives}
	if err := tmpl.Execute(&out, data); err != nil {
		return nil, fmt.Errorf("krew manifest: %w", err)
	}
	return out.Bytes(), nil
}
