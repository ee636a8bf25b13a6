package jetstream_test

import (
	"testing"

	"github.com/culvertnet/culvert/adapters/jetstream"
	"github.com/culvertnet/culvert/saga"
)

// benchmark appends turns of n connections, with a snapshot whenever one is due.
func benchmark(b *testing.B, n int) {
	e := embed(b, jetstream.EmbedOptions{})
	h, _ := open(b, e, jetstream.Options{})
	j := h.Journal()
	facts := make([]byte, 512)
	mustLand(b, j, turn(n, 0)...)
	after := 1
	b.SetBytes(int64(n * len(facts)))
	b.ResetTimer()
	for b.Loop() {
		all := turn(n, after)
		for i := range all {
			all[i].Facts = facts
			if after%saga.SnapshotEvery == 0 {
				all[i].Snapshot = facts
			}
		}
		mustLand(b, j, all...)
		after++
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "appends/s")
}

func BenchmarkAppendSingle(b *testing.B)   { benchmark(b, 1) }
func BenchmarkAppend64AtOnce(b *testing.B) { benchmark(b, 64) }
