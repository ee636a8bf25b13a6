package gobgp_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/culvertnet/culvert/adapters/gobgp"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/routing"
)

func write(t *testing.T, c *gobgp.Client, entries ...string) {
	t.Helper()
	if err := c.Write(t.Context(), uuid.Nil, target(), announcing(entries...)); err != nil {
		t.Fatal(err)
	}
}

func announcing(entries ...string) routing.Announced {
	return routing.Announced{Custom: true, Entries: entries}
}

func TestSiteLearnsAndForgets(t *testing.T) {
	remote := startSite(t)
	s := startSpeaker(
		t, gobgp.SpeakerOptions{Peers: []gobgp.Peer{{Address: "127.0.0.1", Port: remote.port, ASN: siteASN}}},
	)
	c := newClient(t, s.Addr().String())

	write(t, c, "10.200.0.5/32@"+hop, "10.200.0.6/32@10.9.0.2")
	eventually(t, "the site has both prefixes", func() bool {
		return cmp.Equal(remote.table(t), map[string]string{"10.200.0.5/32": hop, "10.200.0.6/32": "10.9.0.2"})
	})
	want := routing.Sight{Peers: []string{"127.0.0.1"}, Seen: []string{"127.0.0.1"}, Sent: []string{"127.0.0.1"}}
	eventually(t, "the prefix is sent", func() bool {
		sight, err := c.Sight(t.Context(), target(), "10.200.0.5/32")
		return err == nil && cmp.Equal(sight, want)
	})
	sight, err := c.Sight(t.Context(), target(), "10.200.0.7/32")
	if want := (routing.Sight{Peers: []string{"127.0.0.1"}, Seen: []string{}}); err != nil || !cmp.Equal(sight, want) {
		t.Errorf("sight of a prefix nobody announces: got %v, %v, want %v", sight, err, want)
	}

	write(t, c, "10.200.0.6/32@10.9.0.3")
	eventually(t, "one prefix is gone and the other has its new next hop", func() bool {
		return cmp.Equal(remote.table(t), map[string]string{"10.200.0.6/32": "10.9.0.3"})
	})
	write(t, c)
	eventually(t, "the site has nothing left", func() bool { return len(remote.table(t)) == 0 })
}

func TestWhatWasLearnedIsKnownAndNeverOurs(t *testing.T) {
	remote := startSite(t)
	s := startSpeaker(
		t, gobgp.SpeakerOptions{Peers: []gobgp.Peer{{Address: "127.0.0.1", Port: remote.port, ASN: siteASN}}},
	)
	c := newClient(t, s.Addr().String())
	remote.announce(t, "192.168.7.0/24")
	write(t, c, "10.200.0.5/32@"+hop)
	eventually(t, "the speaker knows the site's prefix and its own", func() bool {
		known, err := c.Check(t.Context(), target())
		if err != nil {
			t.Fatal(err)
		}
		return slices.Equal(known, []string{"10.200.0.5/32", "192.168.7.0/24"})
	})
	list, err := c.Read(t.Context(), target())
	if want := (routing.Announced{Custom: true, Entries: []string{"10.200.0.5/32@" + hop}}); err != nil ||
		!cmp.Equal(list, want) {
		t.Errorf("list: got %v, %v, want %v", list, err, want)
	}
	write(t, c)
	known, err := c.Check(t.Context(), target())
	if err != nil || !slices.Equal(known, []string{"192.168.7.0/24"}) {
		t.Errorf("known after everything was withdrawn: got %v, %v", known, err)
	}
}

func TestNoSessionIsNoSight(t *testing.T) {
	port := freePort(t, "127.0.0.1") // nobody listens there
	s := startSpeaker(t, gobgp.SpeakerOptions{Peers: []gobgp.Peer{{Address: "127.0.0.1", Port: port, ASN: siteASN}}})
	c := newClient(t, s.Addr().String())
	write(t, c, "10.200.0.5/32@"+hop)
	eventually(t, "the peer is told to be down, with the reason", func() bool {
		sight, err := c.Sight(t.Context(), target(), "10.200.0.5/32")
		if err != nil || !slices.Equal(sight.Peers, []string{"127.0.0.1"}) || len(sight.Seen)+len(sight.Sent) > 0 ||
			len(sight.Down) != 1 || sight.Down[0].Since.IsZero() {
			t.Fatalf("got %+v, %v", sight, err)
		}
		return strings.Contains(sight.Down[0].Reason, "connection refused")
	})
}

func TestRefused(t *testing.T) {
	s := startSpeaker(t, gobgp.SpeakerOptions{})
	c := newClient(t, s.Addr().String())
	other := target()
	other.Speaker = "nobody"
	zero := target()
	zero.NextHop = "0.0.0.0"
	_, alone := c.Check(t.Context(), target())
	_, unknown := c.Check(t.Context(), other)
	_, noHop := c.Check(t.Context(), zero)
	list := func(entries ...string) error {
		return c.Write(t.Context(), uuid.Nil, target(), routing.Announced{Custom: true, Entries: entries})
	}
	for name, tc := range map[string]struct {
		err    error
		reason events.Reason
	}{
		"no peers":        {alone, "no-peers"},
		"unknown speaker": {unknown, "unknown-speaker"},
		"next hop zero":   {noHop, "invalid"},
		"no next hop":     {list("10.0.0.1/32"), "invalid"},
		"IPv6":            {list("2001:db8::1/128@2001:db8::2"), "invalid"},
		"two next hops":   {list("10.0.0.1/32@10.9.0.1", "10.0.0.1/32@10.9.0.2"), "invalid"},
	} {
		var f *workers.Failure
		if !errors.As(tc.err, &f) || f.Class != events.Refuse || f.Reason != tc.reason {
			t.Errorf("%s: got %v, want refuse %s", name, tc.err, tc.reason)
		}
	}
}

// TestProxy: the call names its speaker, and each way to fail has its class.
func TestProxy(t *testing.T) {
	var answer atomic.Uint32
	named := make(chan []string, 100)
	proxy := grpc.NewServer(grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		md, _ := metadata.FromIncomingContext(stream.Context())
		named <- md.Get("speaker")
		return status.Error(codes.Code(answer.Load()), "by the test")
	}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = proxy.Serve(l) }()
	t.Cleanup(proxy.Stop)
	c, err := gobgp.New(gobgp.Options{Proxy: l.Addr().String(), Speakers: map[string]gobgp.Remote{"site-edge": {}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	for code, want := range map[codes.Code]events.Class{
		codes.PermissionDenied: events.Refuse, codes.ResourceExhausted: events.Retry, codes.Unavailable: events.Retry,
	} {
		answer.Store(uint32(code))
		_, err := c.Read(t.Context(), target())
		if got := workers.Outcome(err, events.Retry).Class; got != want {
			t.Errorf("read answered with %s: got %s, want %s", code, got, want)
		}
		if got := <-named; !slices.Equal(got, []string{"site-edge"}) {
			t.Errorf("metadata: got %v", got)
		}
	}
}

func TestSpeakerThatIsGone(t *testing.T) {
	s := startSpeaker(t, gobgp.SpeakerOptions{})
	c := newClient(t, s.Addr().String())
	if _, err := c.Read(t.Context(), target()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := c.Read(ctx, target())
	if got := workers.Outcome(err, events.Retry).Class; got != events.Retry {
		t.Errorf("read: got %s, want retry", got)
	}
}

func TestNewRefusesPlainTextAbroad(t *testing.T) {
	for _, address := range []string{"192.0.2.7:50051", ""} {
		if _, err := gobgp.New(gobgp.Options{Speakers: map[string]gobgp.Remote{"x": {Address: address}}}); err == nil {
			t.Errorf("address %q was taken without credentials", address)
		}
	}
}

func TestRefill(t *testing.T) {
	s := startSpeaker(t, gobgp.SpeakerOptions{Refill: func(context.Context) ([]string, error) {
		return []string{"10.200.0.5/32@10.9.0.1", "10.200.0.6/32@10.9.0.1"}, nil
	}})
	list, err := newClient(t, s.Addr().String()).Read(t.Context(), target())
	if err != nil || !slices.Equal(list.Entries, []string{"10.200.0.5/32@10.9.0.1", "10.200.0.6/32@10.9.0.1"}) {
		t.Errorf("list of a speaker that was just started: got %v, %v", list, err)
	}
	_, err = gobgp.StartSpeaker(t.Context(), gobgp.SpeakerOptions{Name: "x", ASN: ourASN, RouterID: "192.0.2.1",
		Refill: func(context.Context) ([]string, error) { return nil, fmt.Errorf("no claims") }})
	if err == nil {
		t.Error("a speaker started without its claims")
	}
}
