package memory_test

import (
	"testing"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/claimstest"
)

func TestClaims(t *testing.T) {
	claimstest.TestClaims(t, func(*testing.T) claimstest.ClaimsHarness {
		c := memory.NewClaims()
		return claimstest.ClaimsHarness{Open: func(*testing.T) workers.Claims { return c }}
	})
}

func TestMarks(t *testing.T) {
	claimstest.TestMarks(t, func(*testing.T) claimstest.MarksHarness {
		m := memory.NewMarks()
		return claimstest.MarksHarness{Open: func(*testing.T) workers.Marks { return m }}
	})
}
