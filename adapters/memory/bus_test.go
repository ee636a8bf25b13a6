package memory_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events/bustest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBus(t *testing.T) {
	bustest.Test(t, func(*testing.T) bustest.Harness {
		first := memory.NewBus(nil)
		return bustest.Harness{Join: func(t *testing.T) bustest.Process {
			b := first.Join()
			t.Cleanup(b.Kill)
			return bustest.Process{Bus: b, DeadLetters: b.DeadLetters(), Kill: b.Kill}
		}}
	})
}
