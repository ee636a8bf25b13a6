package reach_test

import (
	"testing"

	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/adapters/simcloud/reach"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// snapshot reads a world.
func snapshot(t testing.TB, w *world.World) (r *reach.Snapshot) {
	t.Helper()
	if err := w.Do(func(tx *world.Tx) error { r = reach.Read(tx); return nil }); err != nil {
		t.Fatal(err)
	}
	return r
}

// The default world is the whole lab: what the examples allow has somebody behind it, and whoever is cut off there is
// cut off for a reason that the world names.
func TestTheLabOfTheDefaultWorld(t *testing.T) {
	s, err := simcloud.Start(t.Context(), simcloud.Options{BGP: simcloud.BGP{Off: true}})
	if err != nil {
		t.Fatal(err)
	}
	r := prepared(t, s.World, golden{SiteRoutes: [][3]string{{"site-1", "10.200.0.1/32", "10.9.0.1"}}})
	for _, f := range []flow{
		{ID: "the backend behind the peered transit, by direct egress",
			From: "subnetwork:acme-net/europe-west3/direct-egress",
			To:   "10.20.0.4", Port: 80, Out: "passes", Back: "passes"},
		{ID: "the same from a connector with a custom range: nobody tells the way back", Port: 80, Out: "passes",
			From: "connector:acme-net/europe-west3/legacy", To: "10.20.0.4",
			Back: "dropped", BackRule: "gateway-no-route"},
		{ID: "a name, through the gateway's source NAT", From: "connector:acme-net/europe-west3/legacy",
			To: "qa1.backend.example", Out: "passes", Back: "passes"},
		{ID: "the DNS server of the peer", From: "connector:acme-net/europe-west3/legacy", Proto: "udp", Port: 53,
			To: "network:acme-shared/shared-services/10.30.0.53", Out: "passes", Back: "passes"},
		{ID: "the next hop of the speaker passes on, and no endpoint has the address yet",
			From: "site:site-1/192.168.10.7", To: "10.200.0.1", Out: "dropped", Rule: "firewall-implied-in"},
		{ID: "one network hidden behind ingress", From: "internet:198.51.100.7",
			To: "service:acme-prod/europe-west3/inward", Out: "dropped", Rule: "ingress-closed"},
		{ID: "the site of another transit", From: "site:site-10/192.168.60.9",
			To: "gateway:avx-100/azure-spoke-10/10.20.0.4", Out: "passes", Back: "passes"},
	} {
		t.Run(f.ID, func(t *testing.T) {
			a, err := r.Answer(f.question(nil))
			if err != nil {
				t.Fatal(err)
			}
			f.check(t, a)
		})
	}
}

// A question is refused for its words, with what they could have been; it is no answer about packets.
func TestQuestionsAreRefused(t *testing.T) {
	s, err := simcloud.Start(t.Context(), simcloud.Options{BGP: simcloud.BGP{Off: true}})
	if err != nil {
		t.Fatal(err)
	}
	r := snapshot(t, s.World)
	good := reach.Question{From: "connector:acme-net/europe-west3/legacy", To: "1.1.1.1", Proto: "tcp", Port: 22}
	if _, err := r.Answer(good); err != nil {
		t.Errorf("a good question: %v", err)
	}
	for name, change := range map[string]func(*reach.Question){
		"no place":           func(q *reach.Question) { q.From = "1.1.1.1" },
		"half a place":       func(q *reach.Question) { q.From = "site:" },
		"no address":         func(q *reach.Question) { q.From = "site:site-1/here" },
		"unknown connector":  func(q *reach.Question) { q.From = "connector:acme-net/europe-west3/none" },
		"unknown service":    func(q *reach.Question) { q.To = "service:acme-net/europe-west3/none" },
		"unknown network":    func(q *reach.Question) { q.To = "network:acme-net/none/10.0.0.1" },
		"unknown machine":    func(q *reach.Question) { q.To = "machine:acme-net/none" },
		"unknown gateway":    func(q *reach.Question) { q.To = "gateway:avx-82/none/10.0.0.1" },
		"unknown subnetwork": func(q *reach.Question) { q.To = "subnetwork:acme-net/europe-west3/none" },
		"no subnetwork":      func(q *reach.Question) { q.To = "network:acme-net/spoke-vpc/172.31.0.1" },
		"unknown protocol":   func(q *reach.Question) { q.Proto = "tls" },
		"no port":            func(q *reach.Question) { q.Port = 0 },
		"a port too many":    func(q *reach.Question) { q.Proto = "icmp" },
		"two families":       func(q *reach.Question) { q.To = "2001:db8::1" },
		"no such family":     func(q *reach.Question) { q.V6 = true },
	} {
		q := good
		change(&q)
		if a, err := r.Answer(q); err == nil {
			t.Errorf("%s: %+v", name, a)
		}
	}
}
