package storage

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestCredentialsValidate(t *testing.T) {
	const good = "[default]\naws_access_key_id = AKIA\naws_secret_access_key = hunter2\n"
	for name, c := range map[string]struct{ file, want string }{
		"good":           {good, ""},
		"windows lines":  {strings.ReplaceAll(good, "\n", "\r\n"), ""},
		"no last line":   {strings.TrimSpace(good), ""},
		"more profiles":  {"# mine\n[work]\nrole_arn=\n" + good + "\naws_session_token=x\n; end\n", ""},
		"empty":          {" \n", "is empty"},
		"large":          {good + strings.Repeat("#", maxCredentials), "larger than 64 KiB"},
		"json":           {`{"hunter2": 1}`, "line 1 of the credentials file is neither [profile] nor key = value"},
		"colon":          {"[default]\naws_access_key_id: hunter2\n", "line 2 of the credentials file is neither"},
		"open profile":   {"[default\nhunter2=1", "line 1 of the credentials file is neither"},
		"no profile":     {"aws_access_key_id=hunter2\n", "line 1 of the credentials file stands before the line [default]"},
		"other profile":  {"[hunter2]\naws_access_key_id=a\naws_secret_access_key=b\n", "has no profile [default]"},
		"no secret":      {"[default]\naws_access_key_id=hunter2\n", "has no aws_secret_access_key under [default]"},
		"no key":         {"[default]\naws_secret_access_key=hunter2\n", "has no aws_access_key_id under [default]"},
		"empty value":    {"[default]\naws_access_key_id=\n", "line 2 of the credentials file gives no value"},
		"key elsewhere":  {"[default]\n[work]\naws_access_key_id=hunter2\n", "has no aws_access_key_id under [default]"},
		"byte-order":     {"\ufeff" + good, "line 1 of the credentials file is neither"},
		"export":         {"export AWS_ACCESS_KEY_ID=hunter2", "line 1 of the credentials file stands before"},
		"endless binary": {strings.Repeat("\x00", 1000), "line 1 of the credentials file is neither"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Credentials(c.file).Validate()
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && err == nil:
				t.Errorf("accepted, want %q", c.want)
			case c.want != "" && !strings.Contains(err.Error(), c.want):
				t.Errorf("%q, want %q", err, c.want)
			case err != nil && strings.Contains(err.Error(), "hunter2"):
				t.Errorf("%q shows what is in the file", err)
			}
		})
	}
}

func TestCredentialsNeverShow(t *testing.T) {
	s := settings()
	encoded, err := json.Marshal(s.Credentials)
	if err != nil {
		t.Fatal(err)
	}
	shown := []string{fmt.Sprint(s), fmt.Sprintf("%+v %#v %s %q", s, s.Credentials, s.Credentials, s.Credentials), string(encoded)}
	for _, text := range shown {
		if strings.Contains(text, "AKIA") || strings.Contains(text, "65 75") {
			t.Errorf("shown: %s", text)
		}
	}
}

func TestValidateCACert(t *testing.T) {
	for name, c := range map[string]struct{ bundle, want string }{
		"one":         {certificate, ""},
		"two":         {"# root\n" + certificate + certificate + "# end\n", ""},
		"empty":       {"", "holds no PEM certificate"},
		"text":        {"https://s3.example.com", "holds no PEM certificate"},
		"cut":         {certificate + certificate[:len(certificate)/2], "damaged after its certificate 1"},
		"private key": {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "holds a PRIVATE KEY: give certificates only"},
		"not DER":     {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate 1 of the CA bundle cannot be parsed"},
	} {
		t.Run(name, func(t *testing.T) {
			err := ValidateCACert([]byte(c.bundle))
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// certificate is self-signed, of a key that nobody has.
const certificate = `-----BEGIN CERTIFICATE-----
MIIBiTCCAS+gAwIBAgIUJSrhofW6KkQTczenq9zTuLi8l70wCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOczMuZXhhbXBsZS5jb20wIBcNMjYxMTIyMDk1NzI4WhgPMjEy
NjEwMjkwOTU3MjhaMBkxFzAVBgNVBAMMDnMzLmV4YW1wbGUuY29tMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEv3IO0j3EUAgcN3iP1EaxUm4IOjoV0WxARDwJclE2
Zx9PNMAhu1dG2PVBPwnSvw+OGotyrDpjo+sRmj8OcjoiWqNTMFEwHQYDVR0OBBYE
FAnmEvqCE/OE3W/c23eQMiIJx4ySMB8GA1UdIwQYMBaAFAnmEvqCE/OE3W/c23eQ
MiIJx4ySMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgGSSkw7bk
Z4xWw/w/26iFeWz+Q9jlfa6hdTr/9zsAbV0CIQCYQeDaDLN49I7rPc/GhNIq4VTX
TxXa2dVN2BYhsvzgWw==
-----END CERTIFICATE-----
`
