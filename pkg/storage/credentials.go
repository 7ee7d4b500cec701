package storage

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// maxCredentials is far more than any credentials file holds: the wrong file was named.
const maxCredentials = 64 << 10

// profile is the one that Velero's AWS plugin reads unless the location names another.
const profile = "default"

var requiredKeys = []string{"aws_access_key_id", "aws_secret_access_key"}

// Validate makes sure that the file holds an access key under the profile that Velero reads. It names lines and keys,
// never what is in them: a user who gave the wrong file may have given a secret.
func (c Credentials) Validate() error {
	if len(bytes.TrimSpace(c)) == 0 {
		return errors.New("the credentials file is empty")
	}
	if len(c) > maxCredentials {
		return fmt.Errorf("the credentials file is larger than %d KiB: it is not one of the AWS CLI", maxCredentials>>10)
	}
	section, sections, seen := "", map[string]bool{}, map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(c))
	lines.Buffer(nil, maxCredentials+1)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
			continue
		case line[0] == '[' && strings.HasSuffix(line, "]"):
			section = strings.TrimSpace(line[1 : len(line)-1])
			sections[section] = true
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		key, value = strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value)
		switch {
		case !ok || key == "":
			return fmt.Errorf("line %d of the credentials file is neither [profile] nor key = value", number)
		case section == "":
			return fmt.Errorf("line %d of the credentials file stands before the line [%s]", number, profile)
		case section == profile && value == "":
			return fmt.Errorf("line %d of the credentials file gives no value to its key", number)
		case section == profile:
			seen[key] = true
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("the credentials file cannot be read line by line: %w", err)
	}
	if !sections[profile] {
		return fmt.Errorf("the credentials file has no profile [%s], which is the one that Velero reads", profile)
	}
	for _, key := range requiredKeys {
		if !seen[key] {
			return fmt.Errorf("the credentials file has no %s under [%s]", key, profile)
		}
	}
	return nil
}
