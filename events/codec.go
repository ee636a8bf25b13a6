package events

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// maxMessage is the most bytes of one command or result: below the brokers' limit of 1 MiB, and a step's output is
// never near it.
const maxMessage = 768 << 10

// EncodeCommand writes a command for the bus. A command that DecodeCommand would not take is an error.
func EncodeCommand(c Command) ([]byte, error) { return encode("command", c, c.validate) }

// DecodeCommand reads what EncodeCommand wrote. Unknown fields, trailing data and a command that cannot be answered are
// errors: such a message is for the dead letters.
func DecodeCommand(raw []byte) (Command, error) {
	c, err := decode[Command]("command", raw)
	if err == nil {
		err = c.validate()
	}
	return c, err
}

// EncodeResult writes a result for the bus. A result that DecodeResult would not take is an error.
func EncodeResult(r Result) ([]byte, error) { return encode("result", r, r.validate) }

// DecodeResult reads what EncodeResult wrote, as strictly as DecodeCommand.
func DecodeResult(raw []byte) (Result, error) {
	r, err := decode[Result]("result", raw)
	if err == nil {
		err = r.validate()
	}
	return r, err
}

func encode(noun string, v any, validate func() error) ([]byte, error) {
	if err := validate(); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", noun, err)
	}
	if len(raw) > maxMessage {
		return nil, fmt.Errorf("encode %s: %d bytes, more than %d", noun, len(raw), maxMessage)
	}
	return raw, nil
}

func decode[T any](noun string, raw []byte) (T, error) {
	var v, none T
	if len(raw) > maxMessage {
		return none, fmt.Errorf("decode %s: %d bytes, more than %d", noun, len(raw), maxMessage)
	}
	if err := DecodeStrict(raw, &v); err != nil {
		return none, fmt.Errorf("decode %s: %w", noun, err)
	}
	return v, nil
}

func (d Verb) valid() bool { return d == Do || d == Look || d == Undo }

// validate tells whether a worker could run the command and answer it.
func (c Command) validate() error {
	err := validateRun("command", c.Connection, c.Saga, c.Step, c.Verb)
	kind, wrong := ParseStepKind(c.Kind)
	switch {
	case wrong != nil:
		return errors.Join(err, fmt.Errorf("command: %w", wrong))
	case kind.Capability != c.Capability:
		return errors.Join(err, fmt.Errorf("command: kind %q is not of capability %q", c.Kind, c.Capability))
	}
	return err
}

// validate tells whether the engine could use the result.
func (r Result) validate() error {
	err := validateRun("result", r.Connection, r.Saga, r.Step, r.Verb)
	if !r.Outcome.Class.Valid() {
		err = errors.Join(
			err, fmt.Errorf("result: invalid class %q: want done, wait, retry, refuse or unsure", r.Outcome.Class),
		)
	}
	return err
}

func validateRun(noun string, k Key, saga, step string, d Verb) error {
	if err := k.Validate(); err != nil {
		return fmt.Errorf("%s: %w", noun, err)
	}
	of, _, err := ParseSaga(saga)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", noun, err)
	case of != k:
		return fmt.Errorf("%s: saga %q is not of connection %q", noun, saga, k)
	case !d.valid():
		return fmt.Errorf("%s: invalid verb %q: want do, look or undo", noun, d)
	}
	if err := ParseStepName(step); err != nil {
		return fmt.Errorf("%s: %w", noun, err)
	}
	return nil
}

// maxReason is the longest actor or reason of an action, in bytes.
const maxReason = 1024

// Validate tells what an action lacks, as a *Refusal that lists everything. Whether it fits the saga is the engine's to
// say.
func (a Action) Validate() error {
	var all []Violation
	need := func(good bool, field string, rule Rule, format string, args ...any) {
		if !good {
			all = append(all, NewRefusal("/"+field, rule, format, args...).Violations...)
		}
	}
	err := a.Connection.Validate()
	need(err == nil, "connection", "connection", "%v", err)
	need(strings.TrimSpace(a.Actor) != "", "actor", "required", "an action says who acts")
	need(len(a.Actor) <= maxReason, "actor", "too-long", "%d bytes, more than %d", len(a.Actor), maxReason)
	need(strings.TrimSpace(a.Reason) != "", "reason", "required", "an action says why")
	need(len(a.Reason) <= maxReason, "reason", "too-long", "%d bytes, more than %d", len(a.Reason), maxReason)
	replays := a.Kind == ActionReplay || a.Kind == ActionSurvey
	need(a.From == "" || replays, "from", "kind", "from belongs to a replay")
	need(a.Input == nil || replays, "input", "kind", "an input belongs to a replay")
	need(a.Step == "" || a.Kind == ActionResolve, "step", "kind", "a step belongs to a resolve")
	need(a.Resolution == "" || a.Kind == ActionResolve, "resolution", "kind", "a resolution belongs to a resolve")
	switch a.Kind {
	case ActionPause, ActionResume:
		need(a.Saga == "", "saga", "kind", "%s is of a connection, not of a saga", a.Kind)
	case ActionCancel:
		a.needSaga(need)
	case ActionReplay, ActionSurvey:
		a.needSaga(need)
		need(a.From == FromFailed || a.From == FromStart, "from", "from", "from %q is neither failed nor start", a.From)
		need(a.Input == nil || a.From == FromStart, "input", "from", "an edited input starts over: from start")
	case ActionResolve:
		a.needSaga(need)
		err := ParseStepName(a.Step)
		need(err == nil, "step", "step", "%v", err)
		known := a.Resolution == ResolveRetry || a.Resolution == ResolveMarkUndone || a.Resolution == ResolveSkip
		need(known, "resolution", "resolution", "invalid resolution %q: want retry, mark-undone or skip", a.Resolution)
	default:
		need(false, "kind", "kind", "action %q is not known", a.Kind)
	}
	if len(all) == 0 {
		return nil
	}
	return &Refusal{Violations: all}
}

func (a Action) needSaga(need func(good bool, field string, rule Rule, format string, args ...any)) {
	of, _, err := ParseSaga(a.Saga)
	need(err == nil && of == a.Connection, "saga", "saga", "saga %q is not a saga of connection %q", a.Saga,
		a.Connection)
}
