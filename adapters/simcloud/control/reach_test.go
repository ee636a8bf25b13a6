package control_test

import (
	"errors"
	"testing"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
)

// Many packets are judged in one moment, under positions of switches that hold for them only.
func TestManyPackets(t *testing.T) {
	c, _ := start(t)
	direct := control.Packet{From: "subnetwork:acme-net/europe-west3/direct-egress", To: "10.20.0.4",
		Proto: "tcp", Port: 80}
	ranged := control.Packet{From: "connector:acme-net/europe-west3/legacy", To: "10.20.0.4", Proto: "tcp", Port: 80}
	all, err := c.ReachAll(t.Context(), control.Packets{Packets: []control.Packet{direct, ranged}})
	if err != nil || len(all) != 2 || !all[0].Passes || all[1].Passes || all[1].Back == nil {
		t.Fatalf("%+v: %v", all, err)
	}
	one, err := c.Reach(t.Context(), ranged)
	if err != nil || one.Passes || len(one.Out.Hops) != len(all[1].Out.Hops) {
		t.Errorf("one by one: %+v: %v", one, err)
	}
	all, err = c.ReachAll(t.Context(), control.Packets{Packets: []control.Packet{ranged},
		Switches: map[string]bool{"source-nat-translates-tunnels": true}})
	if err != nil || len(all) != 1 || !all[0].Passes {
		t.Errorf("with source NAT in tunnels: %+v: %v", all, err)
	}
	switches, err := c.Switches(t.Context())
	for _, s := range switches {
		if s.On != s.Default {
			t.Errorf("%s has stayed at %v", s.Name, s.On)
		}
	}
	if err != nil || len(switches) == 0 {
		t.Errorf("switches %v: %v", switches, err)
	}
}

// One question that cannot be understood, or an unknown switch, refuses them all.
func TestManyPacketsAreRefused(t *testing.T) {
	c, _ := start(t)
	var refused *control.Refusal
	if _, err := c.ReachAll(t.Context(), control.Packets{Packets: []control.Packet{{From: "x"}}}); !errors.As(err,
		&refused) || refused.Status != 400 {
		t.Errorf("no place: %v", err)
	}
	if _, err := c.ReachAll(t.Context(), control.Packets{Switches: map[string]bool{"x": true}}); !errors.As(err,
		&refused) || refused.Status != 400 {
		t.Errorf("no switch: %v", err)
	}
	if err := c.SetSwitch(t.Context(), control.SwitchTo{Name: "site-imports"}); err != nil {
		t.Error(err)
	}
	switches, err := c.Switches(t.Context())
	off := 0
	for _, s := range switches {
		if !s.On && s.Default {
			off++
		}
	}
	if err != nil || off != 1 {
		t.Errorf("%d switches are off: %v", off, err)
	}
	if err := c.Reset(t.Context(), control.Reset{World: true}); err != nil {
		t.Error(err)
	}
}
