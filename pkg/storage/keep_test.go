package storage

import (
	"cmp"
	"encoding/base64"
	"maps"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	kubefake "k8s.io/client-go/kubernetes/fake"

	"github.com/acmdr/kubectl-acmdr/pkg/velero"
)

const (
	oneKey   = "0123456789abcdef0123456789abcdef"
	otherKey = "fedcba9876543210fedcba9876543210"
	keyRef   = mountedSecret + "/" + customerKey
)

// has is a change of a location's config.
func has(pairs ...string) func(*velero.Location) {
	return func(l *velero.Location) {
		for i := 0; i < len(pairs); i += 2 {
			l.Spec.Config[pairs[i]] = pairs[i+1]
		}
	}
}

// keySecret is the secret of an installation with a customer key; empty for none in it.
func keySecret(key string) *corev1.Secret {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: mountedSecret}}
	secret.Data = map[string][]byte{SecretKey: nil, customerKey: []byte(key)}
	return secret
}

// A second run with the required flags alone changes nothing of a location, and what is asked for replaces only that.
func TestKeep(t *testing.T) {
	// What newLocation has.
	base := map[string]string{
		RegionKey: "eu-west-1", s3URLKey: "https://s3.example.com", PublicURLKey: "https://s3.example.org", ForcePathStyleKey: "true",
	}
	for name, test := range map[string]struct {
		location func(*velero.Location)
		key      string
		backups  bool
		ask      func(*Settings)
		// config is what the location has then beside the base; "-" for nothing where the base has something.
		config map[string]string
		caCert string // "PEM" if empty
		secret string
		note   string
		err    string
	}{
		"nothing is asked for": {
			location: has(KMSKeyIDKey, "dr", EncryptionKey, "aws:kms", checksumKey, "", "profile", "dr"), backups: true,
			config: map[string]string{KMSKeyIDKey: "dr", EncryptionKey: "aws:kms", checksumKey: "", "profile": "dr"},
		},
		"the way to the server": {
			location: has(),
			ask: func(s *Settings) {
				s.Bucket.Region, s.Bucket.PublicURL, s.Bucket.CACert = "eu-north-1", "https://s3.example.net", []byte("NEW")
			},
			config: map[string]string{RegionKey: "eu-north-1", PublicURLKey: "https://s3.example.net"}, caCert: "NEW",
		},
		"empty": {
			location: has(),
			ask: func(s *Settings) {
				s.Given, s.Bucket.CACert = []string{RegionKey, PublicURLKey, ForcePathStyleKey}, []byte{}
			},
			config: map[string]string{RegionKey: UsualRegion, PublicURLKey: "-", ForcePathStyleKey: "-"}, caCert: "-",
		},
		"encryption ends": {
			location: has(KMSKeyIDKey, "dr"), backups: true, ask: func(s *Settings) { s.Given = []string{KMSKeyIDKey} },
			note: "is kept under what the bucket's default is, no longer under aws:kms with key dr.",
		},
		"SSE-S3 to KMS": {
			location: has(EncryptionKey, SSES3), backups: true, ask: func(s *Settings) { s.Bucket.Encryption.KMSKeyID = "dr" },
			config: map[string]string{KMSKeyIDKey: "dr"},
			note:   "Location velero/default: what is written from now on is kept under aws:kms with key dr, no longer under AES256.",
		},
		"KMS to SSE-S3": {
			location: has(KMSKeyIDKey, "dr", EncryptionKey, "aws:kms"), ask: func(s *Settings) { s.Bucket.Encryption.Algorithm = SSES3 },
			config: map[string]string{EncryptionKey: SSES3}, note: "no longer under aws:kms with key dr",
		},
		"a customer key": {
			location: has(velero.CustomerKeySecret, keyRef), key: oneKey, backups: true,
			config: map[string]string{velero.CustomerKeySecret: keyRef}, secret: oneKey,
		},
		"a customer key that is elsewhere": {
			location: has(velero.CustomerKeySecret, "mine/key"), backups: true, config: map[string]string{velero.CustomerKeySecret: "mine/key"},
		},
		"the same customer key": {
			location: has(velero.CustomerKeySecret, keyRef), key: oneKey, backups: true,
			ask:    func(s *Settings) { s.CustomerKey = Credentials(oneKey) },
			config: map[string]string{velero.CustomerKeySecret: keyRef}, secret: oneKey,
		},
		"the customer key is lost": {
			location: has(velero.CustomerKeySecret, keyRef), backups: true,
			err: "location velero/default asks for a customer key that is not in secret cloud-credentials: give it with --sse-c-key-file",
		},
		"the lost customer key": {
			location: has(velero.CustomerKeySecret, keyRef), backups: true,
			ask:    func(s *Settings) { s.CustomerKey = Credentials(oneKey) },
			config: map[string]string{velero.CustomerKeySecret: keyRef}, secret: oneKey,
		},
		"another customer key": {
			location: has(velero.CustomerKeySecret, keyRef), key: oneKey,
			ask:    func(s *Settings) { s.CustomerKey = Credentials(otherKey) },
			config: map[string]string{velero.CustomerKeySecret: keyRef}, secret: otherKey, note: "gets another customer key: keep the one before",
		},
		"another customer key, and backups": {
			location: has(velero.CustomerKeySecret, keyRef), key: oneKey, backups: true,
			ask: func(s *Settings) { s.CustomerKey = Credentials(otherKey) },
			err: "location velero/default has backups that can be read only with the customer key that it has: leave --kms-key-id",
		},
		"a customer key to KMS": {
			location: has(velero.CustomerKeySecret, keyRef), key: oneKey, ask: func(s *Settings) { s.Bucket.Encryption.KMSKeyID = "dr" },
			config: map[string]string{KMSKeyIDKey: "dr"}, secret: oneKey, note: "no longer under SSE-C",
		},
		"a customer key to KMS, and backups": {
			location: has(velero.CustomerKeySecret, keyRef), key: oneKey, backups: true,
			ask: func(s *Settings) { s.Bucket.Encryption.KMSKeyID = "dr" },
			err: "keep a copy of the key, if there is one, run 'kubectl delete backupstoragelocation default -n velero'",
		},
		"SSE-S3 to a customer key": {
			location: has(EncryptionKey, SSES3), ask: func(s *Settings) { s.CustomerKey = Credentials(oneKey) },
			config: map[string]string{velero.CustomerKeySecret: keyRef}, secret: oneKey, note: "is kept under SSE-C, no longer under AES256",
		},
		"a customer key begins, and backups": {
			location: has(), backups: true, ask: func(s *Settings) { s.CustomerKey = Credentials(oneKey) },
			err: "were written without a customer key, and cannot be read with one: leave --sse-c-key-file out",
		},
		"another place": {
			location: func(l *velero.Location) { other(l); has(KMSKeyIDKey, "dr")(l) }, key: oneKey,
			config: map[string]string{RegionKey: UsualRegion, PublicURLKey: "-", ForcePathStyleKey: "-"}, caCert: "-", secret: oneKey,
			note: `Location velero/default was another place, bucket "other", not "acm-dr": nothing that it said of that is kept.`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			objects := []runtime.Object{newLocation("velero", "default", test.location)}
			if test.backups {
				objects = append(objects, newBackup("velero", "default"))
			}
			s := settings()
			s.Bucket = Bucket{Name: s.Bucket.Name, Prefix: s.Bucket.Prefix, URL: s.Bucket.URL} // what is the place
			if test.ask != nil {
				test.ask(&s)
			}
			plan, err := Decide(t.Context(), kubefake.NewClientset(newServer("velero", ours), keySecret(test.key)), newHub(objects...), s)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %v, want %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := maps.Clone(base)
			maps.Copy(want, test.config)
			maps.DeleteFunc(want, func(_, value string) bool { return value == "-" })
			config, caCert, secret := planned(t, plan)
			if diff := gocmp.Diff(want, config); diff != "" {
				t.Error(diff)
			}
			if wanted := cmp.Or(test.caCert, "PEM"); cmp.Or(caCert, "-") != wanted {
				t.Errorf("CA %q, want %q", caCert, wanted)
			}
			if secret != test.secret {
				t.Errorf("customer key %q, want %q", secret, test.secret)
			}
			if notes := strings.Join(plan.Notes, "\n"); !strings.Contains(notes, test.note) || test.note == "" && notes != "" {
				t.Errorf("notes %q, want %q", notes, test.note)
			}
		})
	}
}

// planned is what a plan makes of the location and of the customer key.
func planned(t *testing.T, plan *Plan) (config map[string]string, caCert, key string) {
	t.Helper()
	decoded := func(object *unstructured.Unstructured, fields ...string) string {
		text, _, err := unstructured.NestedString(object.Object, fields...)
		if err != nil {
			t.Fatal(err)
		}
		data, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	for _, object := range plan.Objects {
		switch object.GetKind() {
		case velero.LocationKind:
			config, _, _ = unstructured.NestedStringMap(object.Object, "spec", "config")
			caCert = decoded(object, "spec", "objectStorage", "caCert")
		case "Secret":
			key = decoded(object, "data", customerKey)
		}
	}
	return config, caCert, key
}
