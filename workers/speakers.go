package workers

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// A Neighbour is a BGP peer of a speaker, as the speaker sees it.
type Neighbour struct {
	Address string `json:"address"`
	ASN     uint32 `json:"asn"`
	// Up: a session stands.
	Up bool `json:"up"`
	// Since is when it came up or went down; for a peer that was never up it is the speaker's start.
	Since time.Time `json:"since"`
	// Reason is why there is no session: the last notification, or how the last attempt failed. While there is one it
	// is how the last one ended, in the last ten minutes; Ends counts those. Code and Subcode are that notification's
	// (RFC 4271 4.5), 0 where it is none or its code is not known.
	Reason  string `json:"reason,omitempty"`
	Code    int    `json:"code,omitempty"`
	Subcode int    `json:"subcode,omitempty"`
	Ends    int    `json:"ends,omitempty"`
	// Routes is how many prefixes the peer has told the speaker.
	Routes int `json:"routes"`
	// MaxPrefixes is how many prefixes the peer takes, 0 without a limit.
	MaxPrefixes int `json:"maxPrefixes,omitempty"`
	// Optional: an intent may complete while it is down.
	Optional bool `json:"optional,omitempty"`
}

// A SpeakerBeat is a BGP speaker's sign of life, with its peers.
type SpeakerBeat struct {
	Speaker string `json:"speaker"`
	// Process tells two processes apart that play the same speaker by mistake.
	Process string `json:"process"`
	// Announced is how many prefixes it announces.
	Announced int         `json:"announced"`
	Peers     []Neighbour `json:"peers"`
	Seen      time.Time   `json:"seen"`
	// Until is when it counts as gone without another beat.
	Until time.Time `json:"until"`
	// Unread is why a beat cannot be read; it then has a name and nothing else.
	Unread string `json:"-"`
}

// Silent tells whether the speaker has given no sign of life for too long.
func (b SpeakerBeat) Silent(now time.Time) bool { return !now.Before(b.Until) }

// SpeakerReports writes the beats of one speaker. What it writes decides nothing: it is for operators.
type SpeakerReports struct {
	Claims  Claims
	Speaker string
	Process string
	// Read gives what the speaker sees now.
	Read func() (peers []Neighbour, announced int)
	Now  func() time.Time
	// Every is the time between beats, zero is DefaultBeat. A change is told at once, and looked for ten times as
	// often.
	Every time.Duration
}

// Run writes beats until ctx ends, and then one that says that the speaker is gone. A beat that cannot be written is
// told to failed and made again with the next look.
func (r SpeakerReports) Run(ctx context.Context, failed func(error)) {
	if r.Every <= 0 {
		r.Every = DefaultBeat
	}
	look := time.NewTicker(r.Every / 10)
	defer look.Stop()
	var last SpeakerBeat
	for {
		b := r.beat()
		if b.Seen.Sub(last.Seen) >= r.Every || !b.tellsAs(last) {
			if err := r.write(ctx, b); err == nil {
				last = b
			} else if ctx.Err() == nil {
				failed(err)
			}
		}
		select {
		case <-ctx.Done():
			r.gone(context.WithoutCancel(ctx), failed)
			return
		case <-look.C:
		}
	}
}

// lastWords bounds the write of a speaker that stops.
const lastWords = 2 * time.Second

func (r SpeakerReports) gone(ctx context.Context, failed func(error)) {
	ctx, cancel := context.WithTimeout(ctx, lastWords)
	defer cancel()
	b := r.beat()
	b.Until = b.Seen
	if err := r.write(ctx, b); err != nil {
		failed(err)
	}
}

func (r SpeakerReports) beat() SpeakerBeat {
	peers, announced := r.Read()
	now := r.Now()
	return SpeakerBeat{Speaker: r.Speaker, Process: r.Process, Announced: announced, Peers: peers, Seen: now,
		Until: now.Add(presenceBeats * r.Every)}
}

// tellsAs tells whether two beats say the same of the peers' sessions.
func (b SpeakerBeat) tellsAs(o SpeakerBeat) bool {
	return slices.EqualFunc(b.Peers, o.Peers, func(x, y Neighbour) bool {
		return x.Address == y.Address && x.Up == y.Up && x.Since.Equal(y.Since) && x.Code == y.Code &&
			x.Subcode == y.Subcode
	})
}

func (r SpeakerReports) write(ctx context.Context, b SpeakerBeat) error {
	_, err := change(ctx, r.Claims, FamilySpeakers.Resource(b.Speaker), func(rec Record) (Record, error) {
		return rec.noted(b.Process, b, b.Seen)
	})
	return err
}

// SpeakerRoster reads what every speaker has said last, by name: also those that are silent since, but not a process
// that is, where another one plays the same speaker. A beat that cannot be read is silent and says why.
func SpeakerRoster(ctx context.Context, claims Claims, now time.Time) ([]SpeakerBeat, error) {
	var all []SpeakerBeat
	err := eachRecord(ctx, claims, FamilySpeakers, func(item Claimed) {
		for process, raw := range item.Record.Note {
			var b SpeakerBeat
			if err := json.Unmarshal([]byte(raw), &b); err != nil {
				b = SpeakerBeat{Speaker: FamilySpeakers.Name(item.Resource), Process: process, Unread: err.Error()}
			}
			all = append(all, b)
		}
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b SpeakerBeat) int {
		return strings.Compare(a.Speaker+" "+a.Process, b.Speaker+" "+b.Process)
	})
	live := map[string]bool{}
	for _, b := range all {
		live[b.Speaker] = live[b.Speaker] || !b.Silent(now)
	}
	return slices.DeleteFunc(all, func(b SpeakerBeat) bool { return live[b.Speaker] && b.Silent(now) }), nil
}
