package httpapi

import (
	"context"
	"fmt"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// SpeakerSignals are what a BGP speaker has said last.
type SpeakerSignals struct {
	Speaker string `json:"speaker"`
	// Silent: it has given no sign of life for half a minute, or has stopped.
	Silent bool `json:"silent,omitempty"`
	// Seen is when it said so.
	Seen time.Time `json:"seen"`
	// Announced is how many prefixes it announces.
	Announced int                 `json:"announced"`
	Peers     []workers.Neighbour `json:"peers"`
	// Unread is why nothing else is known of it: what it says cannot be read.
	Unread string `json:"unread,omitempty"`
}

// peerGrace is what a session may take to come up after a start.
const peerGrace = 10 * time.Second

func (s *server) readSpeakers(ctx context.Context, now time.Time) ([]SpeakerSignals, error) {
	beats, err := workers.SpeakerRoster(ctx, s.Claims, now)
	if err != nil {
		return nil, fail(events.ProblemUnavailable, "the speakers' state cannot be read")
	}
	out := []SpeakerSignals{}
	for _, b := range beats {
		out = append(out, SpeakerSignals{Speaker: b.Speaker, Silent: b.Silent(now), Seen: b.Seen,
			Announced: b.Announced, Peers: append([]workers.Neighbour{}, b.Peers...), Unread: b.Unread})
	}
	return out, nil
}

// examineSpeakers finds speakers that say nothing, and peers without a session.
func (s *server) examineSpeakers(ctx context.Context, now time.Time, f findings) {
	speakers, err := s.readSpeakers(ctx, now)
	if err != nil {
		f.put(finding{events.CauseStore, "claims"}, "the claims store does not answer", "")
		return
	}
	for _, sp := range speakers {
		if sp.Unread != "" {
			f.put(finding{events.CauseSpeaker, sp.Speaker},
				fmt.Sprintf("what speaker %s says cannot be read: %s", sp.Speaker, sp.Unread), "")
			continue
		}
		if sp.Silent {
			text := fmt.Sprintf("speaker %s has been silent since %s; peers drop its %d prefixes", sp.Speaker,
				stamp(sp.Seen), sp.Announced)
			f.put(finding{events.CauseSpeaker, sp.Speaker}, text, "")
			continue
		}
		for _, p := range sp.Peers {
			if text := trouble(sp, p, now); text != "" {
				f.put(finding{events.CausePeer, sp.Speaker + " " + p.Address}, text, "")
			}
		}
	}
}

// flapping is how many sessions in ten minutes are more than a restart on either side.
const flapping = 3

// trouble says what is wrong with a peer, "" for nothing: no session, one after the other, or no room for one more
// prefix.
func trouble(sp SpeakerSignals, p workers.Neighbour, now time.Time) string {
	name := fmt.Sprintf("peer %s (AS %d) of speaker %s", p.Address, p.ASN, sp.Speaker)
	switch {
	case !p.Up && now.Sub(p.Since) >= peerGrace:
		return fmt.Sprintf("%s has no session since %s: %s", name, stamp(p.Since), p.Reason)
	case p.Ends >= flapping:
		return fmt.Sprintf("%s has lost its session %d times in ten minutes: %s", name, p.Ends, p.Reason)
	case p.Up && p.MaxPrefixes > 0 && sp.Announced >= p.MaxPrefixes:
		return fmt.Sprintf("%s takes %d prefixes and has them all: one more is refused", name, p.MaxPrefixes)
	}
	return ""
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
