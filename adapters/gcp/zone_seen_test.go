package gcp_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/adapters/gcp"
	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/network"
)

// TestNobodySeesAZoneWithoutARecord: whoever reached a name before it is mapped reaches it at every moment, also when a
// process dies between two calls: no network sees a zone that has no record. Each way begins with what another left.
func TestNobodySeesAZoneWithoutARecord(t *testing.T) {
	const host, zone = "fn-0001-x5hfzvqk2q-ey.a.run.app", "zoneone"
	at := "projects/" + hostProject + "/managedZones/" + zone
	var states []string
	sim, err := simcloud.Start(context.WithoutCancel(t.Context()), simcloud.Options{BGP: simcloud.BGP{Off: true},
		World: world.Config{Speed: speed, Watch: func(tx *world.Tx) {
			z, there := tx.Get("gcp", "managedZones", at)
			to, _ := z["privateVisibilityConfig"].(map[string]any)
			networks, _ := to["networks"].([]any)
			seen := len(networks) > 0
			has := tx.Has("gcp", "resourceRecordSets", at+"/rrsets/"+host+"./A")
			state := fmt.Sprintf("there %v seen %v record %v", there, there && seen, has)
			if len(states) == 0 || states[len(states)-1] != state {
				states = append(states, state)
			}
			if there && seen && !has {
				t.Error("the name is answered with nothing")
			}
		}}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sim.Close() }()
	c, err := gcp.New(t.Context(), gcp.Options{Endpoint: sim.URL(), Pace: speed})
	if err != nil {
		t.Fatal(err)
	}
	want := network.Zone{Project: hostProject, Name: zone, Host: host, Networks: []string{spoke}, IP: "10.200.0.10",
		TTL: 60, Owner: "culvert:default_orders/suite/1"}
	put := func(ip string) func() error {
		want := want
		want.IP = ip
		return func() error { return c.Names().Put(t.Context(), uuid.New(), want) }
	}
	clear := func() error { return c.Names().ClearRecord(t.Context(), uuid.New(), want) }
	remove := func() error { return c.Names().Delete(t.Context(), uuid.New(), hostProject, zone) }
	for i, act := range []func() error{put("10.200.0.11"), put("10.200.0.10"), clear, put("10.200.0.10"), clear,
		remove} {
		for range 3 { // a call that waits is made again, as a step does
			var f *workers.Failure
			if err := act(); err != nil && !errors.As(err, &f) {
				t.Fatalf("act %d: %v", i, err)
			}
		}
	}
	if len(states) < 8 || states[len(states)-1] != "there false seen false record false" {
		t.Errorf("states %v", states)
	}
}
