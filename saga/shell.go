package saga

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/culvertnet/culvert/events"
)

// What the shell around the core asks of it, and the words in which the shell answers others. Package orchestrator is
// the shell.

var (
	// ErrUnavailable says that the journal could not take an input now; nothing is lost by offering it again.
	ErrUnavailable = errors.New("the journal does not answer")
	// ErrNotHeld says that a move was asked of an engine that may act meanwhile.
	ErrNotHeld = errors.New("the engine is not paused")
)

const (
	engineName       = "engine"
	capabilityPrefix = "capability-"
)

// EngineKey is the journal key of the hold of the whole engine ("") or of a capability.
func EngineKey(capability string) events.Key {
	if capability == "" {
		return events.Key{Tenant: engineTenant, Name: engineName}
	}
	return events.Key{Tenant: engineTenant, Name: capabilityPrefix + capability}
}

// HoldOf is the way back from EngineKey: the capability, "" for the whole engine; ok is false for every other key.
func HoldOf(k events.Key) (capability string, ok bool) {
	if k.Tenant != engineTenant {
		return "", false
	}
	if k.Name == engineName {
		return "", true
	}
	return strings.CutPrefix(k.Name, capabilityPrefix)
}

// IsEngines tells whether a key is the engine's own: holds and checkpoints, which stay with their backend.
func IsEngines(k events.Key) bool { return k.Tenant == engineTenant }

// QuietTime is how long after a command's deadline it may still take effect: the vendors' quiet period and the bound on
// clock skew.
func (l Limits) QuietTime() time.Duration { return l.quiet() }

// Ahead tells whether a result answers a command that the state does not have yet: what was read is behind.
func (s State) Ahead(r events.Result) bool { return s.ahead(r) }

// Opened renders the commands that are in flight in the state after a decision and were not in the state before it, in
// the order of Open. With resend it renders all that are in flight.
func Opened(before, after State, resend bool) []events.Command {
	commands := Open(after)
	if resend {
		return commands
	}
	return slices.DeleteFunc(commands, before.inFlight)
}

// inFlight tells whether a command is in flight in a state.
func (s State) inFlight(c events.Command) bool {
	if l := s.Survey.look(c.Step, c.Generation); s.Survey.open() && l != nil && l.Epoch == c.Epoch {
		return true
	}
	if s.Saga == nil || s.SagaID(s.Saga.N) != c.Saga {
		return false
	}
	st := s.Saga.step(c.Step, c.Generation)
	return st != nil && st.Open != nil && st.Open.Epoch == c.Epoch
}
