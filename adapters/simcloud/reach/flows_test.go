package reach_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/adapters/simcloud/reach"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// A golden is the second document of a file of testdata/flows; the first is the world that its flows are about.
type golden struct {
	About string `yaml:"about"`
	// SiteRoutes are what sites have learned from a speaker: site, range, next hop.
	SiteRoutes [][3]string `yaml:"siteRoutes"`
	// Gone are documents that are not there any more: kind and name.
	Gone  [][2]string `yaml:"gone"`
	Flows []flow      `yaml:"flows"`
}

// A flow is one packet whose outcome a page of a vendor gives. Words in braces stand for the first half of a dual-stack
// subnetwork's IPv6 range, which the world takes.
type flow struct {
	ID       string          `yaml:"id"`
	Page     string          `yaml:"page"`
	Says     string          `yaml:"says"` // what the page says, in our words
	From     string          `yaml:"from"`
	To       string          `yaml:"to"`
	Proto    string          `yaml:"proto"` // tcp when empty
	Port     int             `yaml:"port"`  // 443 when empty and the protocol has ports
	Name     string          `yaml:"name"`
	V6       bool            `yaml:"v6"`
	Switches map[string]bool `yaml:"switches"`
	Out      string          `yaml:"out"`      // passes or dropped
	Dst      string          `yaml:"dst"`      // the address that the packet was sent to
	Rule     string          `yaml:"rule"`     // on the way; the last one when dropped
	By       string          `yaml:"by"`       // part of the object that the rule was applied to
	Back     string          `yaml:"back"`     // passes or dropped; empty: not looked at
	BackRule string          `yaml:"backRule"` // as Rule
	Flips    string          `yaml:"flips"`    // the switch whose other position gives the other outcome
}

func (f flow) question(v6 map[string]string) reach.Question {
	expand := func(text string) string {
		for name, prefix := range v6 {
			text = strings.ReplaceAll(text, "{"+name+"}::", prefix)
		}
		return text
	}
	q := reach.Question{From: expand(f.From), To: expand(f.To), Proto: f.Proto, Port: f.Port, Name: f.Name, V6: f.V6}
	if q.Proto == "" {
		q.Proto = "tcp"
	}
	if q.Port == 0 && (q.Proto == "tcp" || q.Proto == "udp") {
		q.Port = 443
	}
	return q
}

// outcome is what an answer says, in a flow's words.
func outcome(way *reach.Way) string {
	switch {
	case way == nil:
		return ""
	case way.Passes:
		return "passes"
	}
	return "dropped"
}

func told(w *reach.Way) string {
	if w == nil {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s to %s ends at %s\n", w.Src, w.Dst, w.End)
	for _, h := range w.Hops {
		fmt.Fprintf(&b, "    %s: %s [%s] %s drop=%v\n", h.At, h.Rule, h.By, h.Switch, h.Drop)
	}
	return b.String()
}

// decidedBy tells whether a rule decided a way: the last hop of a dropped one, any of one that passes.
func decidedBy(w reach.Way, rule, by string) bool {
	fits := func(h reach.Hop) bool { return h.Rule == rule && strings.Contains(h.By, by) }
	if !w.Passes {
		return fits(w.Decided())
	}
	return slices.ContainsFunc(w.Hops, fits)
}

func (f flow) check(t *testing.T, a reach.Answer) {
	t.Helper()
	if outcome(&a.Out) != f.Out || f.Rule != "" && !decidedBy(a.Out, f.Rule, f.By) {
		t.Errorf("out is %s, want %s by %s %s\n%s", outcome(&a.Out), f.Out, f.Rule, f.By, told(&a.Out))
	}
	if f.Dst != "" && a.Out.Dst != f.Dst {
		t.Errorf("sent to %s, want %s\n%s", a.Out.Dst, f.Dst, told(&a.Out))
	}
	if f.Back == "" {
		return
	}
	if a.Back == nil || outcome(a.Back) != f.Back || f.BackRule != "" && !decidedBy(*a.Back, f.BackRule, "") {
		t.Errorf("back is %s, want %s by %s\n%s%s", outcome(a.Back), f.Back, f.BackRule, told(&a.Out), told(a.Back))
	}
}

// files reads every golden file with its world.
func files(t *testing.T, visit func(name string, g golden, s *reach.Snapshot, v6 map[string]string)) {
	t.Helper()
	paths, err := filepath.Glob("testdata/flows/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatal("no flows", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		decoder := yaml.NewDecoder(bytes.NewReader(text))
		decoder.KnownFields(true)
		var scenario yaml.Node
		var g golden
		if err := errors.Join(decoder.Decode(&scenario), decoder.Decode(&g)); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
			t.Fatalf("%s: a third document: %v", path, err)
		}
		s, err := simcloud.Start(t.Context(), simcloud.Options{Scenario: text, BGP: simcloud.BGP{Off: true}})
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		visit(filepath.Base(path), g, prepared(t, s.World, g), ranges(t, s.World))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func prepared(t *testing.T, w *world.World, g golden) *reach.Snapshot {
	t.Helper()
	err := w.Do(func(tx *world.Tx) error {
		for _, r := range g.SiteRoutes {
			tx.QuietPut("bgp", "siteRoute", r[0]+"/"+r[1], world.Doc{"nextHop": r[2]})
		}
		for _, g := range g.Gone {
			tx.QuietDelete("gcp", g[0], g[1])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return snapshot(t, w)
}

// ranges are the first halves of the IPv6 ranges of subnetworks, by their names.
func ranges(t *testing.T, w *world.World) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := w.Do(func(tx *world.Tx) error {
		for _, e := range tx.List("gcp", "subnetworks", "") {
			if prefix, _ := e.Doc["ipv6CidrRange"].(string); prefix != "" {
				out[filepath.Base(e.Name)] = strings.TrimSuffix(prefix, "/64")
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Each golden flow ends as the vendor's page says, and by the rule that is from that page.
func TestGoldenFlows(t *testing.T) {
	flows := 0
	files(t, func(name string, g golden, s *reach.Snapshot, v6 map[string]string) {
		for _, f := range g.Flows {
			flows++
			t.Run(name+"/"+f.ID, func(t *testing.T) {
				if u, err := url.Parse(f.Page); err != nil || u.Scheme != "https" || u.Host == "" || f.Says == "" {
					t.Errorf("page %q, says %q: want an address and its sentence", f.Page, f.Says)
				}
				a, err := s.Under(f.Switches).Answer(f.question(v6))
				if err != nil {
					t.Fatal(err)
				}
				f.check(t, a)
			})
		}
	})
	if flows < 60 {
		t.Errorf("%d flows", flows)
	}
}

// Each switch decides some flow that names it: in its other position the outcome is the other one.
func TestEverySwitchDecides(t *testing.T) {
	left := map[string]bool{}
	for _, s := range reach.Switches() {
		left[s.Name] = true
	}
	files(t, func(name string, g golden, s *reach.Snapshot, v6 map[string]string) {
		for _, f := range g.Flows {
			if f.Flips == "" {
				continue
			}
			set := reach.Settings(maps.Clone(f.Switches))
			if set == nil {
				set = reach.Settings{}
			}
			a, err := s.Under(set).Answer(f.question(v6))
			if err != nil {
				t.Fatal(err)
			}
			set[f.Flips] = !set.On(f.Flips)
			b, err := s.Under(set).Answer(f.question(v6))
			if err != nil {
				t.Fatal(err)
			}
			if a.Passes == b.Passes && a.Out.Passes == b.Out.Passes && a.Out.Dst == b.Out.Dst {
				t.Errorf("%s %s: %s decides nothing\n%s%s\n%s%s", name, f.ID, f.Flips, told(&a.Out),
					told(a.Back), told(&b.Out), told(b.Back))
			}
			delete(left, f.Flips)
		}
	})
	for name := range left {
		t.Errorf("no golden flow names the switch %s", name)
	}
}

// Each rule decides some flow that names it, and has a page and a sentence.
func TestEveryRuleDecides(t *testing.T) {
	left := map[string]bool{}
	for _, r := range reach.Rules() {
		if left[r.ID] || r.ID == "" || r.Says == "" || !strings.HasPrefix(r.Page, "https://") {
			t.Errorf("rule %+v: want an id of its own, a sentence and a page", r)
		}
		left[r.ID] = true
	}
	files(t, func(_ string, g golden, _ *reach.Snapshot, _ map[string]string) {
		for _, f := range g.Flows {
			delete(left, f.Rule)
			delete(left, f.BackRule)
		}
	})
	for id := range left {
		t.Errorf("no golden flow is decided by the rule %s", id)
	}
}
