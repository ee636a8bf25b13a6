package privateservice

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/intake"
)

const examples = "../../../schemas/examples"

// now is a day on which every valid example is fresh.
var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// operator is what the examples are written against: the default configuration of the daemon has at least this, and
// another tenant's things beside it.
func operator() Operator {
	ours := []string{events.DefaultTenant}
	partner := []string{"partner"}
	return Operator{
		Pools: map[string]Pool{
			"psc-frankfurt": {Ranges: []netip.Prefix{netip.MustParsePrefix("10.200.0.0/20")}, Tenants: ours},
			"psc-partner":   {Ranges: []netip.Prefix{netip.MustParsePrefix("10.201.0.0/20")}, Tenants: partner},
		},
		Gateways: map[string]Gateway{
			"gcp-spoke-1":  {Controller: "avx-82", Tenants: ours},
			"gcp-spoke-10": {Controller: "avx-100", Tenants: ours},
			"gcp-spoke-p":  {Controller: "avx-82", Tenants: partner},
		},
		Speakers: map[string]Speaker{"site-edge": {Tenants: ours}, "site-partner": {Tenants: partner}},
	}
}

// A refused example is an entry of schemas/examples/invalid/manifest.json.
type refused struct {
	File   string            `json:"file"`
	Mode   string            `json:"mode"`
	Header map[string]string `json:"header"`
	Field  string            `json:"field"`
	Rule   string            `json:"rule"`
	Why    string            `json:"why"`
}

func (r refused) header() map[string]string {
	if r.Header == nil {
		return map[string]string{"Content-Type": "application/cloudevents+json"}
	}
	return r.Header
}

func manifest(t testing.TB) []refused {
	t.Helper()
	var list []refused
	if err := json.Unmarshal(read(t, filepath.Join(examples, "invalid", "manifest.json")), &list); err != nil {
		t.Fatalf("read manifest: %v", err)
	}
	return list
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("read %s: %v", file, err)
	}
	return raw
}

// accept is the way of an event through every pure stage: decoded, validated, admitted.
func accept(header map[string]string, body []byte) error {
	intents, err := intake.DecodeIntents(events.DefaultTenant, header, body, now)
	if err != nil {
		return err
	}
	for _, in := range intents {
		if in.Want == events.Withdraw {
			_, err = ParseWithdrawal(in.Data)
		} else {
			_, err = Check(in.Data, in.Connection.Tenant, operator())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func TestEveryBadExampleIsRefusedByItsFieldAndRule(t *testing.T) {
	list := manifest(t)
	if len(list) < 120 {
		t.Fatalf("%d bad examples: fewer than the 120 that are promised", len(list))
	}
	for _, bad := range list {
		t.Run(bad.File, func(t *testing.T) {
			err := accept(bad.header(), read(t, filepath.Join(examples, "invalid", bad.File)))
			refusal, is := events.AsRefusal(err)
			if !is {
				t.Fatalf("it was accepted, or failed without a refusal (%v), although: %s", err, bad.Why)
			}
			for _, v := range refusal.Violations {
				if v.Message == "" {
					t.Errorf("%s (%s) tells nothing", v.Field, v.Rule)
				}
			}
			found := slices.ContainsFunc(refusal.Violations, func(v events.Violation) bool { return v.Field == bad.Field && v.Rule == bad.Rule })
			if !found {
				t.Errorf("want field %q rule %q, because %s; got %v", bad.Field, bad.Rule, bad.Why, refusal)
			}
		})
	}
}

func TestTheManifestNamesEveryFile(t *testing.T) {
	files, err := os.ReadDir(filepath.Join(examples, "invalid"))
	if err != nil {
		t.Fatal(err)
	}
	list := manifest(t)
	for _, f := range files {
		named := slices.ContainsFunc(list, func(r refused) bool { return r.File == f.Name() })
		if !named && f.Name() != "manifest.json" {
			t.Errorf("%s is not in the manifest, so nobody knows why it is bad", f.Name())
		}
	}
}

func TestEveryRuleOfAdmissionHasABadExample(t *testing.T) {
	shown := map[string]bool{}
	for _, bad := range manifest(t) {
		shown[bad.Rule] = true
	}
	rules := rulesInSource(t)
	if len(rules) < 25 {
		t.Fatalf("found only the rules %v in the source: the expression that finds them is out of date", rules)
	}
	for _, rule := range rules {
		if !shown[rule] && !unreachable[rule] {
			t.Errorf("rule %q refuses no example: nothing shows that it works", rule)
		}
	}
}

func TestEveryGoodExampleIsAdmitted(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(examples, "valid", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no valid examples: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			if err := accept(nil, read(t, file)); err != nil {
				t.Errorf("it is refused: %v", err)
			}
		})
	}
}
