//go:build !race

package saga_test

import "testing"

// linearAllocations bounds what all decisions of a saga of ten verbs allocate, records and summaries included. At
// 92af73b it was 1,374.
const linearAllocations = 1300

// TestLinearCosts holds the decisions of a saga to their bound.
func TestLinearCosts(t *testing.T) {
	in := linear(t)
	if n := testing.AllocsPerRun(20, func() { decideLinear(t, in) }); n > linearAllocations {
		t.Errorf("a saga of ten verbs takes %.0f allocations, more than %d", n, linearAllocations)
	}
}
