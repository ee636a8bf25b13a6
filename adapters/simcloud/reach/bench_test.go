package reach_test

import (
	"testing"

	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/adapters/simcloud/reach"
)

// BenchmarkAnswer judges both ways of a packet through two gateways of the default world.
func BenchmarkAnswer(b *testing.B) {
	s, err := simcloud.Start(b.Context(), simcloud.Options{BGP: simcloud.BGP{Off: true}})
	if err != nil {
		b.Fatal(err)
	}
	r := snapshot(b, s.World)
	q := reach.Question{From: "subnetwork:acme-net/europe-west3/direct-egress", To: "10.20.0.4", Proto: "tcp", Port: 80}
	for b.Loop() {
		if _, err := r.Answer(q); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRead takes a snapshot of the default world.
func BenchmarkRead(b *testing.B) {
	s, err := simcloud.Start(b.Context(), simcloud.Options{BGP: simcloud.BGP{Off: true}})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		snapshot(b, s.World)
	}
}
