package reach_test

import (
	"testing"

	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/adapters/simcloud/reach"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// snapshot reads a world.
func snapshot(t *testing.T, w *world.World) (r *reach.Snapshot) {
	t.Helper()
	if err := w.Do(func(tx *world.Tx) error { r = reach.Read(tx); return nil }); err != nil {
		t.Fatal(err)
	}
	return r
}

// In the default world a foreign connector reaches the Internet through a gateway, and the answer comes back.
func TestTheDefaultWorldIsJudged(t *testing.T) {
	s, err := simcloud.Start(t.Context(), simcloud.Options{BGP: simcloud.BGP{Off: true}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := snapshot(t, s.World).Answer(reach.Question{From: "connector:acme-net/europe-west3/legacy", To: "1.1.1.1",
		Proto: "tcp", Port: 22})
	if err != nil || !a.Passes || len(a.Out.Hops) != 6 || a.Out.End != "internet:1.1.1.1" {
		t.Errorf("%+v: %v", a, err)
	}
}
