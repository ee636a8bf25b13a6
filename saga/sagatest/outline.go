package sagatest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// Outline says what a state means, as everybody outside sees it: every saga that is still known, and what stands.
// Unlike the state's encoding it does not change from release to release.
func Outline(s saga.State) (string, error) {
	var b strings.Builder
	for n := uint64(1); n <= s.Sagas; n++ {
		v, known := s.ViewOf(n)
		if !known {
			continue
		}
		line, err := json.Marshal(v)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%s\n", line)
	}
	for _, e := range s.Standing {
		fmt.Fprintf(&b, "%s@%d %s %s stood=%t known=%t epoch=%d\n", e.Step, e.Generation, e.Object, e.Input,
			e.Committed,
			e.Known, e.Epoch)
	}
	for _, c := range saga.Open(s) {
		fmt.Fprintf(&b, "%s\n", renderCommand(c))
	}
	fmt.Fprintf(&b, "version %d, %d intents, %d queued, paused %t\n", s.Version, s.Intents, len(s.Queue),
		s.Paused != nil)
	return b.String(), nil
}

// OutlineHash is the outline's fingerprint.
func OutlineHash(s saga.State) (string, error) {
	text, err := Outline(s)
	return events.Digest([]byte(text))[:16], err
}
