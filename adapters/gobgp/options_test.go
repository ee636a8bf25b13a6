package gobgp_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/gobgp"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// why tells what keeps the session with a speaker's only peer from being up.
func why(t *testing.T, s *gobgp.Speaker) string {
	t.Helper()
	peers, _ := s.Sessions()
	if len(peers) != 1 {
		t.Fatalf("peers: %+v", peers)
	}
	return fmt.Sprintf("%d/%d %s", peers[0].Code, peers[0].Subcode, peers[0].Reason)
}

func up(s *gobgp.Speaker) bool {
	peers, _ := s.Sessions()
	return !slices.ContainsFunc(peers, func(p workers.Neighbour) bool { return !p.Up })
}

// Each option of a peer: with it on both sides the session comes up and BIRD has the prefix; where the sides differ it
// does not, and the reason says which word was last.
func TestOptionsOfAPeerWithBIRD(t *testing.T) {
	for name, tc := range map[string]struct {
		bird string // lines of BIRD's protocol
		peer gobgp.Peer
		down string // in the reason; "" where the session comes up
	}{
		"password":            {`password "opens";`, gobgp.Peer{Password: "opens"}, ""},
		"another password":    {`password "opens";`, gobgp.Peer{Password: "shuts"}, "i/o timeout"},
		"no password":         {`password "opens";`, gobgp.Peer{}, "i/o timeout"},
		"TTL security":        {"ttl security yes;", gobgp.Peer{TTLSecurity: true, Hops: 2}, ""},
		"TTL too low for it":  {"ttl security yes;", gobgp.Peer{Hops: 2}, "has not answered the OPEN"},
		"hold time":           {"hold time 6;", gobgp.Peer{HoldTime: 9 * time.Second, Keepalive: time.Second}, ""},
		"hold time too short": {"min hold time 6;", gobgp.Peer{}, "refused the session while it was opened"},
		"wrong ASN here":      {"", gobgp.Peer{ASN: 65099}, "2/2 the speaker sent notification 2/2"},
	} {
		t.Run(name, func(t *testing.T) {
			b := startBIRD(t, tc.bird)
			tc.peer.Address, tc.peer.Port, tc.peer.LocalAddress = "127.0.0.2", b.port, "127.0.0.1"
			if tc.peer.ASN == 0 {
				tc.peer.ASN = siteASN
			}
			s := startSpeaker(t, gobgp.SpeakerOptions{Peers: []gobgp.Peer{tc.peer}})
			c := newClient(t, s.Addr().String())
			write(t, c, "10.200.0.5/32@"+hop)
			if tc.down == "" {
				eventually(t, "BIRD has the prefix", func() bool {
					return strings.Contains(b.ask("show", "route"), "10.200.0.5/32")
				})
				return
			}
			eventually(t, "the reason is known", func() bool { return strings.Contains(why(t, s), tc.down) })
			sight, err := c.Sight(t.Context(), target(), "10.200.0.5/32")
			if err != nil || len(sight.Seen) > 0 || len(sight.Down) != 1 || sight.Down[0].Reason == "" {
				t.Errorf("sight: %+v, %v", sight, err)
			}
			if routes := b.ask("show", "route"); strings.Contains(routes, "10.200.0.5/32") {
				t.Errorf("BIRD has the prefix without a session:\n%s", routes)
			}
		})
	}
}

// What goes with every prefix is in BIRD's own table.
func TestAttributesWithBIRD(t *testing.T) {
	b, med := startBIRD(t, ""), uint32(50)
	s := startSpeaker(t, gobgp.SpeakerOptions{Peers: []gobgp.Peer{{
		Address: "127.0.0.2", Port: b.port, ASN: siteASN, LocalAddress: "127.0.0.1", MED: &med, Prepend: 2,
		Communities: []string{"65001:100", "65001:200"},
	}}})
	write(t, newClient(t, s.Addr().String()), "10.200.0.5/32@"+hop)
	var table string
	eventually(t, "BIRD has the prefix", func() bool {
		table = b.ask("show", "route", "all", "for", "10.200.0.5/32")
		return strings.Contains(table, "BGP.as_path")
	})
	for _, attribute := range []string{"BGP.as_path: 65001 65001 65001", "BGP.med: 50", "BGP.next_hop: " + hop,
		"BGP.community: (65001,100) (65001,200)"} {
		if !strings.Contains(table, attribute) {
			t.Errorf("%s is missing in:\n%s", attribute, table)
		}
	}
}

// A router that takes two prefixes ends the session at the third, and with it every path. The speaker refuses it
// before: by the client's own count, and for whoever else asks; without the option the session's end is told with its
// code.
func TestThePrefixLimitIsRefusedBeforeItIsReached(t *testing.T) {
	// BIRD takes the session up again, so that a code which a reset connection swallowed is told the next time.
	b := startBIRD(t, "error wait time 1, 2;\n\tipv4 { import all; export none; import limit 2 action restart; };")
	// BIRD's last word can be three seconds late, and it is silent until then: a short hold time would come before.
	peer := gobgp.Peer{Address: "127.0.0.2", Port: b.port, ASN: siteASN, LocalAddress: "127.0.0.1", MaxPrefixes: 2,
		HoldTime: 9 * time.Second}
	s := startSpeaker(t, gobgp.SpeakerOptions{Peers: []gobgp.Peer{peer}})
	c, err := gobgp.New(gobgp.Options{Speakers: map[string]gobgp.Remote{
		"site-edge": {Address: s.Addr().String(), MaxPrefixes: 2},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	write(t, c, "10.200.0.5/32@"+hop, "10.200.0.6/32@"+hop)
	for name, client := range map[string]*gobgp.Client{
		"counted": c, "by the speaker": newClient(t, s.Addr().String()),
	} {
		err := client.Write(t.Context(), [16]byte{}, target(), announcing("10.200.0.5/32@"+hop, "10.200.0.6/32@"+hop,
			"10.200.0.7/32@"+hop))
		if o := workers.Outcome(err, events.Unsure); o.Class != events.Refuse || o.Reason != events.ReasonFull ||
			!strings.Contains(o.Message, "2") {
			t.Errorf("a third prefix, %s: got %v, want refuse full with the limit", name, err)
		}
	}
	known, err := c.Check(t.Context(), target())
	if o := workers.Outcome(err, events.Unsure); o.Reason != events.ReasonFull || len(known) != 2 {
		t.Errorf("check of a full speaker: got %v, %v, want both prefixes and refuse full", known, err)
	}
	write(t, c, "10.200.0.5/32@10.9.0.2", "10.200.0.6/32@"+hop) // another next hop is no prefix more
	eventually(t, "BIRD has both", func() bool {
		routes := b.ask("show", "route", "all")
		return strings.Contains(routes, "10.9.0.2") && strings.Contains(routes, "10.200.0.6/32")
	})
	write(t, c, "10.200.0.6/32@"+hop, "10.200.0.7/32@"+hop) // one for another
	eventually(t, "one took the place of another", func() bool {
		routes := b.ask("show", "route")
		return !strings.Contains(routes, "10.200.0.5/32") && strings.Contains(routes, "10.200.0.7/32")
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	peer.MaxPrefixes = 0
	s = startSpeaker(t, gobgp.SpeakerOptions{Peers: []gobgp.Peer{peer}})
	eventually(t, "the session is up again", func() bool { return up(s) })
	write(t, newClient(t, s.Addr().String()), "10.200.0.5/32@"+hop, "10.200.0.6/32@"+hop, "10.200.0.7/32@"+hop)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(why(t, s), b.ask("show", "protocols", "all", "speaker"))
		}
	})
	eventually(t, "the session's end has its code", func() bool {
		return strings.Contains(why(t, s), "6/1 the peer sent notification 6/1")
	})
}

// A speaker that restarts is not noticed in BIRD's table: BIRD keeps its paths as stale until the new one, which was
// filled from the claims before, has told all of them.
func TestARestartIsNotSeenInBIRDsTable(t *testing.T) {
	b := startBIRD(t, "")
	options := gobgp.SpeakerOptions{
		Peers: []gobgp.Peer{{Address: "127.0.0.2", Port: b.port, ASN: siteASN, LocalAddress: "127.0.0.1"}},
		Refill: func(context.Context) ([]string, error) {
			return []string{"10.200.0.5/32@" + hop, "10.200.0.6/32@" + hop}, nil
		},
	}
	has := func() bool {
		routes := b.ask("show", "route")
		return strings.Contains(routes, "10.200.0.5/32") && strings.Contains(routes, "10.200.0.6/32")
	}
	s := startSpeaker(t, options)
	eventually(t, "BIRD has both", has)
	c := newClient(t, s.Addr().String())
	eventually(t, "both are sent", func() bool {
		sight, err := c.Sight(t.Context(), target(), "10.200.0.5/32")
		return err == nil && len(sight.Sent) == 1
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	lost := 0
	watch := func() bool {
		if !has() {
			lost++
		}
		return strings.Contains(b.ask("show", "protocols", "all", "speaker"), "BGP state:          Established")
	}
	eventually(t, "BIRD sees that the speaker is gone", func() bool { return !watch() })
	s = startSpeaker(t, options)
	eventually(t, "the session is up again", watch)
	c = newClient(t, s.Addr().String())
	eventually(t, "all is told again", func() bool {
		watch()
		sight, err := c.Sight(t.Context(), target(), "10.200.0.6/32")
		return err == nil && len(sight.Sent) == 1
	})
	if lost > 0 {
		t.Errorf("BIRD's table was without a prefix in %d looks", lost)
	}
}

// Two speakers for one site: while one of them is gone, the site has the prefix from the other.
func TestTwoSpeakersForOneSite(t *testing.T) {
	b := startBIRD(t, "")
	second := fmt.Sprintf(`protocol bgp second {
	local 127.0.0.2 port %d as 65002;
	neighbor 127.0.0.3 as 65001;
	multihop 2;
	passive yes;
	strict bind yes;
	ipv4 { import all; export none; };
}
`, b.port)
	b.append(t, second)
	start := func(from, id string) *gobgp.Speaker {
		s, err := gobgp.StartSpeaker(t.Context(), gobgp.SpeakerOptions{
			Name: "edge" + from, ASN: ourASN, RouterID: id,
			Peers: []gobgp.Peer{{Address: "127.0.0.2", Port: b.port, ASN: siteASN, LocalAddress: from,
				RestartTime: -1}},
			Refill: func(context.Context) ([]string, error) { return []string{"10.200.0.5/32@" + hop}, nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	first := start("127.0.0.1", "192.0.2.1")
	start("127.0.0.3", "192.0.2.3")
	paths := func() int { return strings.Count(b.ask("show", "route", "all", "for", "10.200.0.5/32"), "BGP.as_path") }
	eventually(t, "BIRD has the prefix from both", func() bool { return paths() == 2 })
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "BIRD has it from the other", func() bool { return paths() == 1 })
}

// append adds lines to BIRD's configuration and lets it read that again.
func (b *bird) append(t *testing.T, text string) {
	t.Helper()
	name := filepath.Join(filepath.Dir(b.socket), "bird.conf")
	old, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, append(old, text...), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := b.ask("configure"); !strings.Contains(out, "Reconfigured") {
		t.Fatalf("BIRD takes no new configuration: %s", out)
	}
}
