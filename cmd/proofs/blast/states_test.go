package blast

import (
	"strings"
	"testing"

	"github.com/culvertnet/culvert/adapters/simcloud"
	judge "github.com/culvertnet/culvert/adapters/simcloud/reach"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/cmd/proofs/reach/invented"
)

// The harms of a neighbourhood are those that somebody does to it, each told once and by its line, and also when they
// are undone again.
func TestHarmsAreSeen(t *testing.T) {
	n, err := invented.Neighbours(1)
	if err != nil {
		t.Fatal(err)
	}
	var f film
	sim, err := simcloud.Start(t.Context(), simcloud.Options{Scenario: n.World, BGP: simcloud.BGP{Off: true},
		World: world.Config{Watch: f.watch}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sim.Close() }()
	if err := f.cut(sim.World); err != nil {
		t.Fatal(err)
	}
	first := f.all()[0].tx
	settings, others := positions(1, 1), expand(first, n.Others)
	before := fates(judge.Read(first), others, settings)
	if len(f.all()) != 1 || len(harms(f.all(), others, settings, before)) > 0 {
		t.Fatal("harms before anything has happened")
	}
	const rule = "projects/acme-p/global/firewalls/nothing-in"
	closed := world.Effect{Vendor: "gcp", Call: "firewalls.insert", Kind: "firewalls", Name: rule}
	change := func(how func(*world.Tx)) {
		if err := sim.World.Do(func(tx *world.Tx) error { how(tx); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	change(func(tx *world.Tx) {
		tx.Put(closed, world.Doc{"name": "nothing-in", "direction": "INGRESS", "priority": 0, "denied": []any{
			map[string]any{"IPProtocol": "all"}}, "sourceRanges": []any{"0.0.0.0/0"},
			"network": "https://www.googleapis.com/compute/v1/projects/acme-p/global/networks/net-0"})
	})
	change(func(tx *world.Tx) { tx.Delete(closed) })
	if len(f.all()) != 3 {
		t.Fatalf("%d states, want 3", len(f.all()))
	}
	found := harms(f.all(), others, settings, before)
	if len(found) == 0 {
		t.Fatal("a rule that denies everything hurts nobody")
	}
	for _, h := range found {
		if h.line != 1 || !h.lost() || !strings.Contains(h.after.hop.By, "nothing-in") {
			t.Errorf("harm %s", h)
		}
	}
}
