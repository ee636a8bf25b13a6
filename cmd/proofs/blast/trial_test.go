package blast

import (
	"testing"

	"github.com/culvertnet/culvert/events"
)

// Two whole trials, of kinds of harm that were found and mended: rules of a gateway for a range of others, and a
// newcomer before the binding. The kind shows that the seed still makes that intent.
func TestTrials(t *testing.T) {
	for _, c := range []struct {
		seed   uint64
		kind   string
		status events.SagaStatus
		joins  bool
	}{
		{138, "direct shared, aviatrix-webgroup", events.SagaCompensated, false},
		{1003, "direct alone, firewall", events.SagaCompensated, true},
	} {
		t.Run(c.kind, func(t *testing.T) {
			t.Parallel()
			e, err := try(t.Context(), c.seed)
			if err != nil {
				t.Fatal(err)
			}
			if e.kind != c.kind || e.status != c.status || e.joined != c.joins || e.unseen != nil {
				t.Errorf("%s is %s, joined %v (%v): %s", e.kind, e.status, e.joined, e.unseen, e.why)
			}
			for _, h := range e.harms {
				t.Errorf("harm: %s", h)
			}
		})
	}
}
