package aviatrix_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/culvertnet/culvert/adapters/aviatrix"
	sim "github.com/culvertnet/culvert/adapters/simcloud/aviatrix"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/workers/policy"
)

// TestVoidAsTheWorldDecides: rules of others on the first place, drawn at random, and ours behind. Where the world lets
// every address of a block pass on port 443 without a name, the filter is void; where it lets none pass on any port
// that matters to it, it is not.
func TestVoidAsTheWorldDecides(t *testing.T) {
	r := newRig(t)
	first := r.client.WebGroups()
	later := r.clientOn(laterSpot).WebGroups()
	f := webFilter()
	ids := []string{allGroup, netGroup}
	for i, cidr := range []string{"10.0.0.0/8", "0.0.0.0/1", "128.0.0.0/1", "203.0.113.9/32", "10.8.0.0/24"} {
		ids = append(ids, r.groupOf(fmt.Sprintf("theirs%d", i), cidr))
	}
	must(t, later.Filters.Put(t.Context(), uuid.New(), f))
	own, err := later.Rules.Rules(t.Context(), f)
	must(t, err)
	must(t, later.Rules.Write(t.Context(), uuid.New(), newer, own))
	blocks := [][]string{{"1.1.1.1", "99.9.9.9", "200.1.1.1", "203.0.113.9"}, {"10.1.1.1", "10.8.0.3", "10.200.1.1"},
		{"172.20.0.1"}, {"192.168.3.3"}}
	seen := map[bool]int{}
	rapid.Check(t, func(rt *rapid.T) {
		var lines []string
		for i := range rapid.IntRange(0, 5).Draw(rt, "rules") {
			more := fmt.Sprintf(`{"action":%q,"src_ads":[%q],"dst_ads":[%q]}`,
				rapid.SampledFrom([]string{"PERMIT", "PERMIT", "DENY"}).Draw(rt, "action"),
				rapid.SampledFrom([]string{allGroup, ids[2], ids[6]}).Draw(rt, "src"),
				rapid.SampledFrom(ids).Draw(rt, "dst"))
			how := rapid.SampledFrom([]string{"", "", `{"protocol":"TCP"}`, `{"protocol":"ICMP"}`,
				`{"protocol":"TCP","port_ranges":[{"lo":443}]}`, `{"watch":true}`}).Draw(rt, "how")
			priority := rapid.IntRange(0, 9).Draw(rt, "priority")*10 + i
			lines = append(lines, merged(early(fmt.Sprintf("rule-%d", i), priority, ""), more, how))
		}
		must(t, first.Rules.Write(t.Context(), uuid.New(), newer, lines))
		got, err := later.Filters.Get(t.Context(), f)
		must(t, err)
		none := true
		for _, block := range blocks {
			all := true
			for _, address := range block {
				all = all && r.passes(f, address, "tcp", 443)
				none = none && !r.passes(f, address, "tcp", 443) && !r.passes(f, address, "tcp", 80) &&
					!r.passes(f, address, "tcp", 8005) && !r.passes(f, address, "udp", 443)
			}
			if all && got.Void == "" {
				rt.Errorf("the world lets all of %v pass, and nothing is said", block)
			}
		}
		if none && got.Void != "" {
			rt.Errorf("the world lets nothing pass, and the filter is said to be void: %s", got.Void)
		}
		seen[got.Void == ""]++
	})
	if seen[true] == 0 || seen[false] == 0 {
		t.Errorf("only one answer in all: %v", seen)
	}
}

// groupOf makes a group of one range by the way that the adapter has: as the source of a filter. It gives its id.
func (r *rig) groupOf(name, cidr string) string {
	r.t.Helper()
	d := r.client.WebGroups()
	f := policy.Filter{Via: "aviatrix-webgroup", Name: name, Controller: newer, Gateway: "gcp-spoke-10", Source: cidr,
		Default: "deny"}
	must(r.t, d.Filters.Put(r.t.Context(), uuid.New(), f))
	lines, err := d.Rules.Rules(r.t.Context(), f)
	must(r.t, err)
	var last struct {
		Sources []string `json:"src_ads"`
	}
	must(r.t, json.Unmarshal([]byte(lines[len(lines)-1]), &last))
	return last.Sources[0]
}

// passes tells whether the world lets a packet without a name pass.
func (r *rig) passes(f policy.Filter, address, protocol string, port int) bool {
	r.t.Helper()
	var v sim.Verdict
	must(r.t, r.w.Do(func(tx *world.Tx) error {
		v = sim.Judge(tx, sim.Flow{Controller: f.Controller, Gateway: f.Gateway, Protocol: protocol, Port: port,
			Source: netip.MustParsePrefix(f.Source), Target: netip.MustParseAddr(address)})
		return nil
	}))
	return v != sim.Denied
}

// clientOn is a further client of the newer controller, whose rules are on another attachment point.
func (r *rig) clientOn(point string) *aviatrix.Client {
	r.t.Helper()
	server := httptest.NewServer(r.wires[len(r.wires)-1])
	r.t.Cleanup(server.Close)
	c, err := aviatrix.New(aviatrix.Options{Controllers: map[string]aviatrix.Controller{newer: {URL: server.URL,
		Username: "admin", Password: secret("simulated"), AttachmentPoint: point}}, Pace: 60, Now: r.clock})
	must(r.t, err)
	return c
}
