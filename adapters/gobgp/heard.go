package gobgp

import (
	"fmt"
	"time"

	"github.com/osrg/gobgp/v4/api"
)

// settle is what lies between an announcement and its UPDATE on the wire, at most: a path's time has no fractions of a
// second, and a message counts as heard since the sample before.
const settle = time.Second + sampling

// heardForm is what the speaker writes into the description of a peer's state, for whoever reads the list of peers.
const heardForm = "since %s heard %s"

func heardText(since, heard time.Time) string {
	return fmt.Sprintf(heardForm, since.UTC().Format(time.RFC3339Nano), heard.UTC().Format(time.RFC3339Nano))
}

func readHeard(text string) (since, heard time.Time, ok bool) {
	var a, b string
	if _, err := fmt.Sscanf(text, heardForm, &a, &b); err != nil {
		return since, heard, false
	}
	since, err := time.Parse(time.RFC3339Nano, a)
	heard, bad := time.Parse(time.RFC3339Nano, b)
	return since, heard, err == nil && bad == nil
}

// signs are when a peer's session came up or went down, and a time after which it gave a sign of life while nothing
// that it had been sent was on its way any more. Another GoBGP than ours does not tell the latter; there a session that
// has lived for a whole hold time has it: without our messages the peer would have ended it.
func signs(p *api.Peer, now time.Time) (since, heard time.Time) {
	if since, heard, ok := readHeard(p.GetState().GetDescription()); ok {
		return since, heard
	}
	t := p.GetTimers().GetState()
	if t.GetDowntime().IsValid() {
		since = t.GetDowntime().AsTime()
	}
	if t.GetUptime().IsValid() && t.GetUptime().AsTime().After(since) {
		since = t.GetUptime().AsTime()
	}
	return since, now.Add(-time.Duration(t.GetNegotiatedHoldTime()) * time.Second)
}

// signed tells whether the peer gave a sign of life that follows the UPDATE with a path.
func (p peer) signed(told path) bool {
	sent := told.age
	if p.since.After(sent) {
		sent = p.since
	}
	return p.heard.After(sent.Add(settle))
}
