package bgp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/osrg/gobgp/v4/api"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/culvertnet/culvert/adapters/simcloud/bgp"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// rig is a world with the proxy, the site and one GoBGP speaker.
type rig struct {
	t     *testing.T
	ctx   context.Context
	w     *world.World
	proxy *bgp.Proxy
	api   api.GoBgpServiceClient // through the proxy
}

func newRig(t *testing.T, o bgp.Options) *rig {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	w, err := world.Open(world.Config{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Baseline(); err != nil {
		t.Fatal(err)
	}
	proxy, err := bgp.Start(ctx, w, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := proxy.Close(); err != nil {
			t.Errorf("close door: %v", err)
		}
	})
	conn, err := grpc.NewClient(proxy.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &rig{t: t, ctx: ctx, w: w, proxy: proxy, api: api.NewGoBgpServiceClient(conn)}
}

type siteInfo struct {
	Address string `json:"address"`
	Port    int    `json:"port"`
	ASN     uint32 `json:"asn"`
}

func (r *rig) register(reg bgp.Registration) siteInfo {
	r.t.Helper()
	var answer struct {
		Site  siteInfo `json:"site"`
		Error string   `json:"error"`
	}
	if code := r.http("POST", "/sim/bgp/speakers", reg, &answer); code != http.StatusOK {
		r.t.Fatalf("register: HTTP %d %s", code, answer.Error)
	}
	return answer.Site
}

func (r *rig) http(method, path string, body, answer any) int {
	r.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		r.t.Fatal(err)
	}
	rec := httptest.NewRecorder()
	r.proxy.HTTP().ServeHTTP(rec, httptest.NewRequestWithContext(r.ctx, method, path, bytes.NewReader(text)))
	if err := json.Unmarshal(rec.Body.Bytes(), answer); err != nil {
		r.t.Fatalf("%s %s: %v in %s", method, path, err, rec.Body)
	}
	return rec.Code
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func (r *rig) as(speaker string) context.Context {
	return metadata.AppendToOutgoingContext(r.ctx, "speaker", speaker)
}

func path(prefix, hop string) *api.Path {
	p := netip.MustParsePrefix(prefix)
	return &api.Path{
		Family: &api.Family{Afi: api.Family_AFI_IP, Safi: api.Family_SAFI_UNICAST},
		Nlri: &api.NLRI{Nlri: &api.NLRI_Prefix{
			Prefix: &api.IPAddressPrefix{Prefix: p.Addr().String(), PrefixLen: uint32(p.Bits())},
		}},
		Pattrs: []*api.Attribute{
			{Attr: &api.Attribute_Origin{Origin: &api.OriginAttribute{Origin: 0}}},
			{Attr: &api.Attribute_NextHop{NextHop: &api.NextHopAttribute{NextHop: hop}}},
		},
	}
}

func (r *rig) announce(speaker, prefix, hop string) error {
	_, err := r.api.AddPath(
		r.as(speaker), &api.AddPathRequest{TableType: api.TableType_TABLE_TYPE_GLOBAL, Path: path(prefix, hop)},
	)
	return err
}

func (r *rig) withdraw(speaker, prefix, hop string) error {
	_, err := r.api.DeletePath(
		r.as(speaker), &api.DeletePathRequest{TableType: api.TableType_TABLE_TYPE_GLOBAL, Path: path(prefix, hop)},
	)
	return err
}

// until polls a condition that the network brings about; the rig's deadline bounds it.
func (r *rig) until(what string, is func() bool) {
	r.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-r.ctx.Done():
			r.t.Fatalf("waited in vain until %s", what)
		}
	}
}

func (r *rig) table() map[string]bgp.Route {
	r.t.Helper()
	routes, err := r.proxy.Site.Table(r.ctx)
	if err != nil {
		r.t.Fatal(err)
	}
	out := map[string]bgp.Route{}
	for _, route := range routes {
		out[route.Prefix.String()] = route
	}
	return out
}

// resources are the differences the world shows.
func (r *rig) resources() map[string]string {
	out := map[string]string{}
	for _, d := range r.w.Resources() {
		out[d.Kind+" "+d.Name] = d.Change
	}
	return out
}

func (r *rig) ledger(want ...string) {
	r.t.Helper()
	got := []string{}
	for _, e := range r.w.Effects() {
		got = append(got, fmt.Sprintf("%s %s %s %s", e.Call, e.Kind, e.Name, e.Effect))
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		r.t.Errorf("ledger: want %v, got %v", want, got)
	}
}

const p5 = "10.200.0.5/32"

func TestAnnounceAndWithdraw(t *testing.T) {
	r := newRig(t, bgp.Options{Scenario: bgp.Scenario{Site: bgp.SiteConfig{Routes: []string{"192.168.100.0/24"}}}})
	r.speak("site-edge", "127.0.0.2", 65001)
	if err := r.announce("site-edge", p5, "10.9.0.1"); err != nil {
		t.Fatal(err)
	}
	r.until("the site has the route", func() bool { return r.table()[p5].Prefix.IsValid() })
	got := r.table()[p5]
	if got.NextHop.String() != "10.9.0.1" || fmt.Sprint(got.ASPath) != "[65001]" {
		t.Errorf("route: %+v", got)
	}
	r.until("the resources show it", func() bool { return r.resources()["siteRoute site-1/"+p5] == "added" })
	if err := r.announce("site-edge", p5, "10.9.0.1"); err != nil {
		t.Fatal(err)
	}
	r.ledger("announce path " + p5 + " create") // saying it again changes nothing
	if err := r.announce("site-edge", p5, "10.9.0.2"); err != nil {
		t.Fatal(err)
	}
	r.until("the next hop has changed", func() bool { return r.table()[p5].NextHop.String() == "10.9.0.2" })
	if err := r.withdraw("site-edge", p5, "10.9.0.2"); err != nil {
		t.Fatal(err)
	}
	r.until("the resources are clean", func() bool { return len(r.resources()) == 0 })
	if err := r.withdraw("site-edge", p5, "10.9.0.2"); err != nil {
		t.Fatal(err)
	}
	r.ledger("announce path "+p5+" create", "announce path "+p5+" update", "withdraw path "+p5+" delete")

	theirs := 0
	stream, err := r.api.ListPath(r.as("site-edge"), &api.ListPathRequest{TableType: api.TableType_TABLE_TYPE_GLOBAL,
		Family: &api.Family{Afi: api.Family_AFI_IP, Safi: api.Family_SAFI_UNICAST}})
	for err == nil {
		var answer *api.ListPathResponse
		if answer, err = stream.Recv(); err == nil && answer.GetDestination().GetPrefix() == "192.168.100.0/24" {
			theirs++
		}
	}
	if theirs != 1 {
		t.Errorf("the speaker should have the site's own route, seen through the door, %d times", theirs)
	}
}

func TestWithdrawByIDAndOfEverything(t *testing.T) {
	r := newRig(t, bgp.Options{})
	r.speak("site-edge", "127.0.0.2", 65001)
	added, err := r.api.AddPath(
		r.as("site-edge"), &api.AddPathRequest{TableType: api.TableType_TABLE_TYPE_GLOBAL, Path: path(p5, "10.9.0.1")},
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, prefix := range []string{"10.200.0.6/32", "10.200.0.7/32"} {
		if err := r.announce("site-edge", prefix, "10.9.0.1"); err != nil {
			t.Fatal(err)
		}
	}
	r.until("the site has all three", func() bool { return len(r.table()) == 3 })
	if _, err := r.api.DeletePath(r.as("site-edge"), &api.DeletePathRequest{TableType: api.TableType_TABLE_TYPE_GLOBAL,
		Uuid: added.GetUuid()}); err != nil {
		t.Fatal(err)
	}
	r.until("the site has two", func() bool { return len(r.table()) == 2 })
	everything := &api.DeletePathRequest{TableType: api.TableType_TABLE_TYPE_GLOBAL,
		Family: &api.Family{Afi: api.Family_AFI_IP, Safi: api.Family_SAFI_UNICAST}}
	if _, err := r.api.DeletePath(r.as("site-edge"), everything); err != nil {
		t.Fatal(err)
	}
	r.until("the site has none", func() bool { return len(r.table()) == 0 })
	r.ledger("announce path "+p5+" create", "announce path 10.200.0.6/32 create", "announce path 10.200.0.7/32 create",
		"withdraw path "+p5+" delete", "withdraw path 10.200.0.6/32 delete", "withdraw path 10.200.0.7/32 delete")
}

func TestFaults(t *testing.T) {
	cases := []struct {
		fault  world.Fault
		code   codes.Code
		effect bool
	}{
		{world.Fault{Mode: world.Refuse}, codes.PermissionDenied, false},
		{world.Fault{Mode: world.FailBefore}, codes.Unavailable, false},
		{world.Fault{Mode: world.FailAfter}, codes.Unavailable, true},
		{world.Fault{Mode: world.LoseReply}, codes.Unavailable, true},
		{world.Fault{Mode: world.Throttle}, codes.ResourceExhausted, false},
		{world.Fault{Mode: world.ExpireSession}, codes.Unauthenticated, false},
		{world.Fault{Mode: world.Delay, Delay: 50 * time.Millisecond}, codes.OK, true},
	}
	r := newRig(t, bgp.Options{})
	r.speak("site-edge", "127.0.0.2", 65001)
	effects := 0
	for i, tc := range cases {
		t.Run(tc.fault.Mode, func(t *testing.T) {
			prefix := fmt.Sprintf("10.200.1.%d/32", i)
			f := tc.fault
			f.Vendor, f.Call, f.Match = bgp.Vendor, "announce", "site-edge/"+prefix
			armed, err := r.w.AddFault(f)
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			if got := status.Code(r.announce("site-edge", prefix, "10.9.0.1")); got != tc.code {
				t.Errorf("want %s, got %s", tc.code, got)
			}
			if took := time.Since(began); took < tc.fault.Delay {
				t.Errorf("answered after %s, before the delay of %s", took, tc.fault.Delay)
			}
			if hits := r.w.Faults()[armed.ID-1].Hits; hits != 1 {
				t.Errorf("the fault fired %d times", hits)
			}
			if tc.effect {
				effects++
				r.until("the site has "+prefix, func() bool { return r.table()[prefix].Prefix.IsValid() })
			} else if r.table()[prefix].Prefix.IsValid() {
				t.Errorf("%s should not be there", prefix)
			}
			if n := len(r.w.Effects()); n != effects {
				t.Errorf("want %d effects, got %d", effects, n)
			}
			if err := r.announce("site-edge", prefix, "10.9.0.1"); err != nil {
				t.Errorf("again: %v", err)
			}
			if !tc.effect {
				effects++
			}
		})
	}
}

func TestALostReplyOfAWithdraw(t *testing.T) {
	r := newRig(t, bgp.Options{})
	r.speak("site-edge", "127.0.0.2", 65001)
	if err := r.announce("site-edge", p5, "10.9.0.1"); err != nil {
		t.Fatal(err)
	}
	r.until("the site has it", func() bool { return len(r.table()) == 1 })
	if _, err := r.w.AddFault(world.Fault{Vendor: bgp.Vendor, Call: "withdraw", Mode: world.LoseReply}); err != nil {
		t.Fatal(err)
	}
	err := r.withdraw("site-edge", p5, "10.9.0.1")
	if status.Code(err) != codes.Unavailable || strings.Contains(status.Convert(err).Message(),
		"the connection is gone") {
		t.Errorf("the connection should end before any answer, got %v", err)
	}
	r.until("the site has lost it", func() bool { return len(r.table()) == 0 })
	r.ledger("announce path "+p5+" create", "withdraw path "+p5+" delete")
}

func TestWhoIsMeant(t *testing.T) {
	r := newRig(t, bgp.Options{})
	if _, err := r.api.GetBgp(r.ctx, &api.GetBgpRequest{}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("without a name: %v", err)
	}
	if _, err := r.api.GetBgp(r.as("nobody"), &api.GetBgpRequest{}); status.Code(err) != codes.Unavailable {
		t.Errorf("a stranger: %v", err)
	}
	r.speak("one", "127.0.0.2", 65001)
	r.speak("two", "127.0.0.3", 65003)
	for name, asn := range map[string]uint32{"one": 65001, "two": 65003} {
		got, err := r.api.GetBgp(r.as(name), &api.GetBgpRequest{})
		if err != nil || got.GetGlobal().GetAsn() != asn {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
	stream, err := r.api.AddPathStream(r.as("one"))
	if err == nil {
		_, err = stream.CloseAndRecv()
	}
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("a stream of announcements would slip past the faults: %v", err)
	}
	if err := r.announce("one", p5, "10.9.0.1"); err != nil {
		t.Fatal(err)
	}
	if err := r.announce("two", p5, "10.9.0.2"); err != nil {
		t.Fatal(err)
	}
	r.ledger("announce path "+p5+" create", "announce path "+p5+" update")
	if err := r.withdraw("one", p5, "10.9.0.1"); err != nil {
		t.Fatal(err)
	}
	r.until("only two's route is left", func() bool { return r.table()[p5].NextHop.String() == "10.9.0.2" })

	var answer struct {
		Error        string `json:"error"`
		LocalAddress string `json:"localAddress"`
	}
	taken := bgp.Registration{Name: "three", GRPC: "127.0.0.1:1", ASN: 65004, Listen: "127.0.0.2:179"}
	if code := r.http("POST", "/sim/bgp/speakers", taken, &answer); code != http.StatusConflict || answer.Error == "" {
		t.Errorf("an address that is taken: HTTP %d %+v", code, answer)
	}
	taken.Listen = ""
	if code := r.http("POST", "/sim/bgp/speakers", taken, &answer); code != http.StatusOK ||
		answer.LocalAddress != "127.0.2.1" {
		t.Errorf("an address handed out: HTTP %d %+v", code, answer)
	}
	if code := r.http("POST", "/sim/bgp/speakers", bgp.Registration{Name: "x"},
		&answer); code != http.StatusBadRequest {
		t.Errorf("half a registration: HTTP %d", code)
	}
}

func TestASpeakerThatComesBack(t *testing.T) {
	r := newRig(t, bgp.Options{})
	first := r.speak("site-edge", "127.0.0.2", 65001)
	if err := r.announce("site-edge", p5, "10.9.0.1"); err != nil {
		t.Fatal(err)
	}
	r.until("the site has it", func() bool { return len(r.table()) == 1 })
	first.kill()
	r.until(
		"the site has lost it with the session", func() bool { return len(r.table()) == 0 && len(r.resources()) == 0 },
	)
	if err := r.announce("site-edge", p5, "10.9.0.1"); status.Code(err) != codes.Unavailable {
		t.Errorf("a speaker that is gone: %v", err)
	}
	r.speak("site-edge", "127.0.0.2", 65001)
	if err := r.announce("site-edge", p5, "10.9.0.1"); err != nil {
		t.Fatal(err)
	}
	r.until("the site has it again", func() bool { return len(r.table()) == 1 })
	r.ledger("announce path "+p5+" create", "announce path "+p5+" create") // it was really made twice

	var st struct {
		Speakers map[string]struct {
			Session string `json:"session"`
		} `json:"speakers"`
		Proxy string `json:"door"`
	}
	if code := r.http("GET", "/sim/bgp", nil, &st); code != http.StatusOK || st.Proxy != r.proxy.Addr() ||
		st.Speakers["site-edge"].Session != "ESTABLISHED" {
		t.Errorf("status: HTTP %d %+v", code, st)
	}
}

func TestAResetWorldAndAHeartbeat(t *testing.T) {
	r := newRig(t, bgp.Options{})
	r.speak("site-edge", "127.0.0.2", 65001)
	if err := r.announce("site-edge", p5, "10.9.0.1"); err != nil {
		t.Fatal(err)
	}
	shown := func() bool { return r.resources()["siteRoute site-1/"+p5] == "added" }
	r.until("the resources show it", shown)
	if err := r.w.Reset(); err != nil {
		t.Fatal(err)
	}
	r.until("a route that stands is shown again after a reset", shown)

	var st struct {
		Speakers map[string]bgp.Registration `json:"speakers"`
	}
	r.http("GET", "/sim/bgp", nil, &st)
	for range 3 {
		r.register(st.Speakers["site-edge"]) // the same again: the session stands
		if len(r.table()) != 1 {
			t.Fatal("a speaker that presents itself again should keep its routes")
		}
	}
	if err := r.withdraw("site-edge", p5, "10.9.0.1"); err != nil {
		t.Fatal(err)
	}
	r.ledger("withdraw path " + p5 + " delete") // the reset has cleared the ledger
	r.until("the site has lost it", func() bool { return len(r.table()) == 0 })
}

func TestAProxyClosedAtOnceIsNoError(t *testing.T) {
	w, err := world.Open(world.Config{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 { // which of Serve and Stop comes first is the scheduler's
		proxy, err := bgp.Start(t.Context(), w, bgp.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := proxy.Close(); err != nil {
			t.Fatalf("close %d: %v", i, err)
		}
	}
}
