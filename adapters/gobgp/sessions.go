package gobgp

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/osrg/gobgp/v4/api"
	"github.com/osrg/gobgp/v4/pkg/packet/bgp"

	"github.com/culvertnet/culvert/workers"
)

// sampling is how often the counters of the sessions are read. A message counts as heard since the sample before.
const sampling = 250 * time.Millisecond

// sessions is the memory of a speaker about its peers: GoBGP's API tells what is and not why.
type sessions struct {
	now  func() time.Time
	from map[string]Peer
	// listen is the port that peers connect to, 0 without one.
	listen uint16

	mu sync.Mutex
	by map[string]*session
}

// session is what is known of one peer.
type session struct {
	up bool
	// since is when the session came up or went down; at the start it is the speaker's own.
	since time.Time
	// sampled is when the counters were read last, received and notified what they were.
	sampled            time.Time
	received, notified uint64
	// logged counts the notifications of the peer that GoBGP has told.
	logged uint64
	// first is a time after which a message came in, while nothing that was sent before was on its way any more; heard
	// is that of the message before: a peer may answer with a KEEPALIVE, and end the session over the same update.
	first, heard time.Time
	// ended says why the last session ended, or was refused; tried why the last attempt failed. worded: a notification
	// says it, of this session. ends are the times of the ends of the last ten minutes.
	ended, tried  string
	worded        bool
	ends          []time.Time
	code, subcode int
	routes        int
}

// remembered is how long the end of a session is told while the next one is up.
const remembered = 10 * time.Minute

func newSessions(o SpeakerOptions, now func() time.Time) *sessions {
	s := &sessions{now: now, from: map[string]Peer{}, listen: o.ListenPort, by: map[string]*session{}}
	for _, p := range o.Peers {
		s.from[p.Address], s.by[p.Address] = p, &session{since: now(), sampled: now()}
	}
	return s
}

// run reads the counters until ctx ends.
func (s *sessions) run(ctx context.Context, list func(context.Context) []*api.Peer) {
	tick := time.NewTicker(sampling)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.sample(list(ctx))
		}
	}
}

func (s *sessions) sample(peers []*api.Peer) {
	var waiting map[string]bool
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for _, p := range peers {
		x := s.by[p.GetConf().GetNeighborAddress()]
		if x == nil {
			continue
		}
		got := p.GetState().GetMessages().GetReceived()
		x.refusedBy(got.GetNotification())
		up := p.GetState().GetSessionState() == api.PeerState_SESSION_STATE_ESTABLISHED
		if up != x.up {
			x.up, x.since, x.received = up, now, got.GetTotal()
			x.first, x.heard = time.Time{}, time.Time{}
		}
		x.ends = slices.DeleteFunc(x.ends, func(at time.Time) bool { return now.Sub(at) > remembered })
		// A peer that ends its sessions takes nothing for good: a new one has to outlive a hold time to count.
		if len(x.ends) > 0 && now.Sub(x.since) < s.from[p.GetConf().GetNeighborAddress()].hold() {
			x.received = got.GetTotal()
		}
		if up && got.GetTotal() > x.received && !p.GetGracefulRestart().GetLocalRestarting() {
			if waiting == nil {
				waiting = unsent()
			}
			if !slices.ContainsFunc(s.ends(p), func(end string) bool { return waiting[end] }) {
				x.heard, x.first, x.received = x.first, x.sampled, got.GetTotal()
			}
		}
		x.sampled, x.routes = now, 0
		for _, f := range p.GetAfiSafis() {
			x.routes += int(f.GetState().GetReceived())
		}
	}
}

// ends name a peer's connection as unsent does, whichever side has opened it.
func (s *sessions) ends(p *api.Peer) []string {
	local, remote := p.GetTransport().GetLocalAddress(), p.GetConf().GetNeighborAddress()
	port := cmp.Or(p.GetTransport().GetRemotePort(), bgp.BGP_PORT)
	return []string{between(local, 0, remote, uint16(port)), between(local, s.listen, remote, 0)}
}

// refusedBy notes notifications that GoBGP has counted and not logged: it reads them as an unexpected answer to its
// OPEN, and keeps their code to itself. A count is held against the log of a sample later: it comes before its line.
func (x *session) refusedBy(counted uint64) {
	if x.notified > x.logged {
		x.logged = x.notified
		x.ended, x.code, x.subcode = "the peer refused the session while it was opened, by a notification whose code"+
			" GoBGP does not tell; the peer's log has it", 0, 0
	}
	x.notified = counted
}

// note takes in what GoBGP logs about a peer.
func (s *sessions) note(peer string, r logged) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.by[peer]
	if x == nil {
		return
	}
	switch r.word {
	case notificationReceived:
		x.logged++
		x.notification("the peer sent", r)
	case notificationSent:
		if r.code != bgp.BGP_ERROR_FSM_ERROR { // that answers a notification which came instead of an OPEN: refusedBy
			x.notification("the speaker sent", r)
		}
	case sessionDown:
		if !x.worded {
			x.ended, x.code, x.subcode = "the session ended: "+r.text, 0, 0
		}
		x.ends = append(x.ends, s.now())
	case sessionUp:
		x.tried, x.worded = "", false
	case connectionOpen:
		x.tried = "a connection is open, and the peer has not answered the OPEN in it"
	case connectFailed, connectionBroken:
		x.tried = "the last attempt failed: " + r.text
	}
}

func (x *session) notification(who string, r logged) {
	name := bgp.NewNotificationErrorCode(uint8(r.code), uint8(r.subcode)).String()
	x.ended = fmt.Sprintf("%s notification %d/%d (%s)", who, r.code, r.subcode, name)
	x.code, x.subcode, x.worded = r.code, r.subcode, true
}

// why tells what keeps a session from being up, and while it is how the last one ended, when that is not long ago.
func (x *session) why() string {
	switch {
	case x.up && len(x.ends) == 0:
		return ""
	case x.up:
		return x.ended
	case x.ended != "" && x.tried != "":
		return x.ended + "; " + x.tried
	case x.ended != "":
		return x.ended
	case x.tried != "":
		return x.tried
	default:
		return "no session has been opened yet"
	}
}

// Sessions are the speaker's peers by address, as they were at the last sample, and how many prefixes it announces.
func (s *Speaker) Sessions() (peers []workers.Neighbour, announced int) {
	own, err := s.own()
	if err != nil {
		own = nil // the server ends
	}
	return s.sessions.list(), len(own)
}

func (s *sessions) list() []workers.Neighbour {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []workers.Neighbour{}
	for _, address := range slices.Sorted(maps.Keys(s.by)) {
		x, p := s.by[address], s.from[address]
		n := workers.Neighbour{Address: address, ASN: p.ASN, Up: x.up, Since: x.since, Reason: x.why(),
			Ends: len(x.ends), Routes: x.routes, MaxPrefixes: p.MaxPrefixes}
		if n.Reason != "" {
			n.Code, n.Subcode = x.code, x.subcode
		}
		out = append(out, n)
	}
	return out
}

// fill completes a peer of GoBGP's list: why it is down and since when, and when it was heard last.
func (s *sessions) fill(p *api.Peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.by[p.GetConf().GetNeighborAddress()]
	if x == nil || p.GetState() == nil {
		return
	}
	p.State.DisconnectMessage = x.why()
	p.State.Description = heardText(x.since, x.heard)
}
