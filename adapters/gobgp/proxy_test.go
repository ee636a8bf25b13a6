package gobgp_test

import (
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/adapters/gobgp"
	simbgp "github.com/culvertnet/culvert/adapters/simcloud/bgp"
	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/routing"
)

// startWorld runs the simulated world's site and fault proxy with a speaker behind it, and gives a client through the
// proxy.
func startWorld(t *testing.T) (*world.World, *simbgp.Proxy, *gobgp.Client) {
	t.Helper()
	w, err := world.Open(world.Config{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	proxy, err := simbgp.Start(t.Context(), w, simbgp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	if err := w.Baseline(); err != nil {
		t.Fatal(err)
	}
	sim := httptest.NewServer(proxy.HTTP())
	t.Cleanup(sim.Close)
	at := control.Client{URL: sim.URL}
	site, err := at.Site(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := startSpeaker(t, gobgp.SpeakerOptions{Peers: []gobgp.Peer{{
		Address: site.Address, Port: site.Port, ASN: site.ASN, LocalAddress: "127.0.0.3", Hops: 2,
	}}})
	registration := control.Speaker{Name: "site-edge", GRPC: s.Addr().String(), ASN: ourASN, Listen: "127.0.0.3"}
	if err := at.Register(t.Context(), registration); err != nil {
		t.Fatal(err)
	}
	c, err := gobgp.New(gobgp.Options{Proxy: proxy.Addr(), Speakers: map[string]gobgp.Remote{"site-edge": {}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return w, proxy, c
}

const five, six = "10.200.0.5/32@" + hop, "10.200.0.6/32@" + hop

func TestThroughTheFaultProxy(t *testing.T) {
	w, proxy, c := startWorld(t)
	for _, tc := range []struct {
		call, mode string
		want       events.Class
	}{
		{"announce", world.Refuse, events.Refuse}, {"announce", world.Throttle, events.Retry},
		{"announce", world.FailBefore, events.Unsure}, {"announce", world.FailAfter, events.Unsure},
		{"announce", world.LoseReply, events.Unsure}, {"withdraw", world.Refuse, events.Refuse},
		{"withdraw", world.FailBefore, events.Unsure}, {"withdraw", world.LoseReply, events.Unsure},
	} {
		t.Run(tc.call+"/"+tc.mode, func(t *testing.T) {
			before, wanted := []string{six}, []string{five, six}
			if tc.call == "withdraw" {
				before, wanted = wanted, before
			}
			write(t, c, before...)
			w.ClearFaults()
			if _, err := w.AddFault(world.Fault{Vendor: simbgp.Vendor, Call: tc.call, Mode: tc.mode}); err != nil {
				t.Fatal(err)
			}
			err := c.Write(t.Context(), uuid.Nil, target(), routing.Announced{Custom: true, Entries: wanted})
			if got := workers.Outcome(err, events.Unsure).Class; err == nil || got != tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
			if faults := w.Faults(); faults[0].Hits != 1 {
				t.Errorf("the fault was hit %d times", faults[0].Hits)
			}
			write(t, c, wanted...)
			read, err := c.Read(t.Context(), target())
			if err != nil || !slices.Equal(read.Entries, wanted) {
				t.Errorf("list: got %v, %v, want %v", read.Entries, err, wanted)
			}
		})
	}
	eventually(t, "the site has what is left", func() bool {
		return slices.Equal(siteTable(t, proxy), []string{"10.200.0.6/32"})
	})
	write(t, c)
	eventually(t, "the site has nothing", func() bool { return len(siteTable(t, proxy)) == 0 })
}

func siteTable(t *testing.T, proxy *simbgp.Proxy) []string {
	t.Helper()
	routes, err := proxy.Site.Table(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, r := range routes {
		out = append(out, r.Prefix.String())
	}
	slices.Sort(out)
	return out
}
