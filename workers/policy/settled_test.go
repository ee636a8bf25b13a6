package policy_test

import (
	"errors"
	"testing"

	"github.com/culvertnet/culvert/workers/policy"
)

// A Do that comes back, after an operation or for a repair of something else, reads a filter that is as wanted once.
func TestFilterThatIsAsWantedIsNotPutAgain(t *testing.T) {
	for _, via := range []string{policy.ViaGCPFirewall, policy.ViaAviatrixFQDN} {
		t.Run(via, func(t *testing.T) {
			s := newStage(t)
			c := do(t, "orders", "filter", policy.KindFilterEgress, filter(via, "10.8.0.0/28", "qa1.example"))
			s.do(c)
			s.w.Fault("put", false, errors.New("it is there"))
			s.do(c)
			if s.w.Faults() != 1 {
				t.Error("the filter was put again")
			}
		})
	}
}
