package aviatrix_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers/routing"
)

const (
	editList = "edit_gateway_advertised_cidr"
	ours     = "10.200.0.5/32"
)

func spoke(gateway string, connections ...string) routing.Target {
	return routing.Target{Via: "aviatrix", Controller: old, Gateway: gateway, Connections: connections}
}

func (r *rig) read(t routing.Target) routing.Announced {
	r.t.Helper()
	a, err := r.client.Announcements().Read(r.t.Context(), t)
	must(r.t, err)
	return a
}

func (r *rig) write(t routing.Target, a routing.Announced) error {
	return r.client.Announcements().Write(r.t.Context(), uuid.New(), t, a)
}

func TestAnnounceKeepsTheDefault(t *testing.T) {
	r := newRig(t)
	target := spoke("gcp-spoke-1", "site-1", "site-3")
	before := r.read(target)
	defaults := []string{"10.10.0.0/24", "10.11.0.0/24", "10.11.1.0/26", "10.11.4.0/22", "10.12.0.0/24", "10.8.1.0/28"}
	if want := (routing.Announced{Defaults: defaults}); !cmp.Equal(before, want) {
		t.Fatalf("default list: got %+v, want %+v", before, want)
	}
	list := append(slices.Clone(before.Defaults), ours)
	must(t, r.write(target, routing.Announced{Custom: true, Entries: list}))
	after := r.read(target)
	slices.Sort(list)
	if !after.Custom || !slices.Equal(after.Entries, list) || !slices.Equal(after.Defaults, defaults) {
		t.Errorf("customised list: got %+v", after)
	}
	must(t, r.write(target, routing.Announced{Custom: true, Entries: list})) // again: nothing to do
	must(t, r.write(target, routing.Announced{}))
	if got := r.read(target); !cmp.Equal(got, before) {
		t.Errorf("cleared list: got %+v, want %+v", got, before)
	}
	if got := r.calls(); !slices.Equal(got, []string{editList, editList}) {
		t.Errorf("calls: got %v", got)
	}
	r.clean()
}

func TestForeignEntriesAreRead(t *testing.T) {
	r := newRig(t)
	if got := r.read(spoke("gcp-spoke-2")); !got.Custom || !slices.Contains(got.Entries, "10.200.15.253/32") {
		t.Errorf("list customised by others: got %+v", got)
	}
	bgp := r.read(spoke("gcp-spoke-bgp"))
	if want := (routing.Announced{Custom: true, Entries: []string{"10.72.0.0/24", "192.168.77.0/24"}}); !cmp.Equal(bgp,
		want) {
		t.Errorf("list of a spoke with BGP: got %+v, want %+v", bgp, want)
	}
}

func TestSightLags(t *testing.T) {
	r := newRig(t)
	port := r.client.Announcements()
	target := spoke("gcp-spoke-1", "site-1", "site-3")
	must(t, r.write(target, routing.Announced{Custom: true, Entries: append(r.read(target).Defaults, ours)}))
	peers := []string{"site-1", "site-3"}
	sight, err := port.Sight(t.Context(), target, ours)
	if want := (routing.Sight{Peers: peers, Seen: []string{}}); err != nil || !cmp.Equal(sight, want) {
		t.Errorf("at once: got %+v, %v, want %+v", sight, err, want)
	}
	r.pass(time.Minute)
	sight, err = port.Sight(t.Context(), target, ours)
	if want := (routing.Sight{Peers: peers, Seen: peers, Sent: peers}); err != nil || !cmp.Equal(sight, want) {
		t.Errorf("after the report: got %+v, %v, want %+v", sight, err, want)
	}
	sight, err = port.Sight(t.Context(), spoke("gcp-spoke-1"), ours)
	transits := []string{"gcp-transit-1"}
	if want := (routing.Sight{Peers: transits, Seen: transits, Acknowledged: transits}); err != nil ||
		!cmp.Equal(sight, want) {
		t.Errorf("without connections: got %+v, %v, want %+v", sight, err, want)
	}
	sight, err = port.Sight(t.Context(), spoke("gcp-spoke-1", "site-down", "site-gone", "site-manual"), ours)
	if err != nil || len(sight.Seen) != 0 {
		t.Errorf("connections that cannot carry it: got %+v, %v", sight, err)
	}
	known, err := port.Check(t.Context(), spoke("gcp-spoke-bgp", "site-2"))
	if err != nil || !contains(known, ours, "10.200.15.253/32", "10.10.0.0/24") {
		t.Errorf("known elsewhere: got %v, %v", known, err)
	}
}

func TestCheckRefuses(t *testing.T) {
	r := newRig(t)
	elsewhere := spoke("gcp-spoke-1")
	elsewhere.Controller = "avx-0"
	apart := spoke("gcp-spoke-bgp")
	apart.Network = "projects/acme-net/global/networks/spoke-vpc"
	for reason, targets := range map[string][]routing.Target{
		"wrong-network":      {apart},
		"unknown-controller": {elsewhere},
		"no-gateway":         {spoke("nowhere")},
		"not-a-spoke":        {spoke("gcp-transit-1")},
		"gateway-down":       {spoke("gcp-spoke-down")},
		"no-connection":      {spoke("gcp-spoke-1", "site-1", "site-gone")},
		"connection-down":    {spoke("gcp-spoke-1", "site-down")},
		"manual-list":        {spoke("gcp-spoke-1", "site-manual")},
		"segmented":          {spoke("gcp-spoke-1", "site-apart")},
	} {
		for _, target := range targets {
			_, err := r.client.Announcements().Check(t.Context(), target)
			wantClass(t, reason, err, "refuse "+reason)
		}
	}
	fine := spoke("gcp-spoke-1", "site-1", "site-3")
	fine.Network = apart.Network
	if _, err := r.client.Announcements().Check(t.Context(), fine); err != nil {
		t.Errorf("a target that is fine: %v", err)
	}
	wantClass(t, "write to a transit", r.write(
		spoke("gcp-transit-1"), routing.Announced{Custom: true, Entries: []string{ours}},
	), "refuse not-a-spoke")
	wantClass(t, "empty list", r.write(spoke("gcp-spoke-1"), routing.Announced{Custom: true}), "refuse invalid")
	wantClass(t, "no prefix", r.write(
		spoke("gcp-spoke-1"), routing.Announced{Custom: true, Entries: []string{ours, "x"}},
	), "refuse invalid")
	wantClass(t, "gateway down", r.write(
		spoke("gcp-spoke-down"), routing.Announced{Custom: true, Entries: []string{ours}},
	), "retry gateway-down")
	r.clean()
}

func TestWriteFailures(t *testing.T) {
	for mode, want := range map[string]events.Class{
		world.Refuse: events.Refuse, world.Throttle: events.Retry,
		world.FailBefore: events.Unsure, world.FailAfter: events.Unsure, world.LoseReply: events.Unsure,
	} {
		t.Run(mode, func(t *testing.T) {
			r := newRig(t)
			target := spoke("gcp-spoke-1")
			list := routing.Announced{Custom: true, Entries: append(r.read(target).Defaults, ours)}
			r.fault(editList, mode)
			wantClass(t, "write", r.write(target, list), string(want))
			happened := mode == world.FailAfter || mode == world.LoseReply
			if got := r.read(target).Custom; got != happened {
				t.Errorf("customised: got %t, want %t", got, happened)
			}
			must(t, r.write(target, list)) // whatever happened, the same write makes it so
			if got := r.read(target); !slices.Contains(got.Entries, ours) {
				t.Errorf("list: got %+v", got)
			}
		})
	}
}

func TestExpiredSessionIsNoFailure(t *testing.T) {
	r := newRig(t)
	target := spoke("gcp-spoke-1")
	list := routing.Announced{Custom: true, Entries: append(r.read(target).Defaults, ours)}
	r.fault(editList, world.ExpireSession)
	must(t, r.write(target, list))
	r.pass(2 * time.Hour) // longer than a session lives
	if got := r.read(target); !slices.Contains(got.Entries, ours) {
		t.Errorf("list: got %+v", got)
	}
}

// TestAnswerAfterTheDeadline: a slow controller has done what the caller has given up.
func TestAnswerAfterTheDeadline(t *testing.T) {
	r := newRealRig(t)
	target := spoke("gcp-spoke-1")
	list := routing.Announced{Custom: true, Entries: append(r.read(target).Defaults, ours)}
	_, err := r.w.AddFault(world.Fault{Vendor: "aviatrix", Call: editList, Mode: world.Delay, Delay: time.Minute})
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	err = r.client.Announcements().Write(ctx, uuid.New(), target, list)
	wantClass(t, "write", err, "unsure no-answer")
	if got := r.read(target); !slices.Contains(got.Entries, ours) {
		t.Errorf("list: got %+v", got)
	}
	must(t, r.write(target, list))
}
