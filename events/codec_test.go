package events

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

var today = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func command() Command {
	return Command{
		Connection: Key{
			DefaultTenant, "orders",
		}, Saga: "default_orders.3", Step: "announce-2", Kind: "routing.announce", Capability: "routing",
		Generation: 1, Epoch: 2, Verb: Undo, Purpose: ToWithdraw, Name: "annou7x2k",
		RequestID: uuid.NewSHA1(uuid.Nil, []byte("x")),
		Due:       today, Deadline: today.Add(time.Minute), Since: today, Operation: "op-1",
		Input: json.RawMessage(`{"prefix":"10.200.0.9/32"}`), Output: json.RawMessage(`{"entry":"x"}`),
	}
}

func result() Result {
	return command().Answer(Outcome{Class: Unsure, Reason: "timeout", Message: "no answer", After: time.Second},
		"worker-1", today)
}

func action() Action {
	return Action{Kind: ActionResolve, Connection: Key{DefaultTenant, "orders"}, Saga: "default_orders.3", Actor: "kim",
		Reason: "seen in the console", Step: "announce-2", Resolution: ResolveMarkUndone}
}

func TestCodecsRoundTrip(t *testing.T) {
	roundTrip(t, command(), EncodeCommand, DecodeCommand)
	roundTrip(t, result(), EncodeResult, DecodeResult)
	roundTrip(t, action(), encodeAction, decodeAction)
}

// Actions are journalled, so they keep their form as messages do.
func encodeAction(a Action) ([]byte, error) { return encode("action", a, a.Validate) }

func decodeAction(raw []byte) (Action, error) {
	a, err := decode[Action]("action", raw)
	if err == nil {
		err = a.Validate()
	}
	return a, err
}

func roundTrip[T any](t *testing.T, v T, encode func(T) ([]byte, error), decode func([]byte) (T, error)) {
	t.Helper()
	raw, err := encode(v)
	if err != nil {
		t.Fatalf("encode %T: %v", v, err)
	}
	got, err := decode(raw)
	if err != nil || !reflect.DeepEqual(got, v) {
		t.Errorf("%T changed on its way: want %+v, got %+v, %v", v, v, got, err)
	}
	for why, spoilt := range map[string][]byte{
		"a field nobody knows":  bytes.Replace(raw, []byte("{"), []byte(`{"sudo":true,`), 1),
		"a second value":        append(slices.Clone(raw), "{}"...),
		"half a message":        raw[:len(raw)/2],
		"nothing":               nil,
		"null":                  []byte("null"),
		"more than a broker is": slices.Concat(raw, bytes.Repeat([]byte(" "), maxMessage)),
	} {
		if _, err := decode(spoilt); err == nil {
			t.Errorf("%T: %s was decoded", v, why)
		}
	}
}

func TestCommandsAndResultsThatCannotBeUsed(t *testing.T) {
	for why, change := range map[string]func(*Command){
		"no connection":              func(c *Command) { c.Connection = Key{} },
		"another connection's saga":  func(c *Command) { c.Saga = "default_payments.3" },
		"no saga number":             func(c *Command) { c.Saga = "default_orders" },
		"a step that splits a topic": func(c *Command) { c.Step = "announce.2" },
		"a kind without capability":  func(c *Command) { c.Kind = "announce" },
		"another capability's kind":  func(c *Command) { c.Capability = "egress" },
		"no verb":                    func(c *Command) { c.Verb = "redo" },
		"a name that nobody wrote":   func(c *Command) { c.Input = json.RawMessage(`{`) },
		"an input beyond a message": func(c *Command) {
			c.Input = json.RawMessage(`"` + strings.Repeat("x", maxMessage) + `"`)
		},
	} {
		c := command()
		change(&c)
		if _, err := EncodeCommand(c); err == nil {
			t.Errorf("%s: a worker could not answer it, but it was sent", why)
		}
	}
	bad := result()
	bad.Outcome.Class = "maybe"
	if _, err := EncodeResult(bad); err == nil {
		t.Error("a sixth class was sent")
	}
	bad = result()
	bad.Step = ""
	if _, err := EncodeResult(bad); err == nil {
		t.Error("a result of no step was sent")
	}
}

func TestActionsSayWhatTheyLack(t *testing.T) {
	replay := Action{Kind: ActionReplay, Connection: Key{DefaultTenant, "orders"}, Saga: "default_orders.3",
		Actor: "kim", Reason: "r", From: FromStart, Input: json.RawMessage(`{}`)}
	pause := Action{Kind: ActionPause, Connection: Key{DefaultTenant, "orders"}, Actor: "kim", Reason: "r"}
	cancel := Action{Kind: ActionCancel, Connection: Key{DefaultTenant, "orders"}, Saga: "default_orders.3",
		Actor: "kim", Reason: "r"}
	for _, good := range []Action{action(), replay, pause, cancel} {
		if err := good.Validate(); err != nil {
			t.Errorf("%s: %v", good.Kind, err)
		}
	}
	cases := []struct {
		why    string
		of     Action
		change func(*Action)
		fields []string
	}{
		{"who and why are journalled", action(), func(a *Action) { a.Actor, a.Reason = " ", "" },
			[]string{"/actor", "/reason"}},
		{"a reason is a line, not a book", action(), func(a *Action) { a.Reason = strings.Repeat("x", maxReason+1) },
			[]string{"/reason"}},
		{"an unknown order", pause, func(a *Action) { a.Kind = "purge" }, []string{"/kind"}},
		{"a pause is of a connection", pause, func(a *Action) { a.Saga = "default_orders.3" }, []string{"/saga"}},
		{"a cancel names its saga", cancel, func(a *Action) { a.Saga = "" }, []string{"/saga"}},
		{"another connection's saga", cancel, func(a *Action) { a.Saga = "default_payments.1" }, []string{"/saga"}},
		{"a replay begins somewhere", replay, func(a *Action) { a.From = "" }, []string{"/from", "/input"}},
		{"an edited input starts over", replay, func(a *Action) { a.From = FromFailed }, []string{"/input"}},
		{"a cancel has no place to begin", cancel, func(a *Action) { a.From = FromStart }, []string{"/from"}},
		{"a resolve names step and verdict", action(), func(a *Action) { a.Step, a.Resolution = "", "ignore" },
			[]string{"/step", "/resolution"}},
		{"a pause has neither", pause, func(a *Action) { a.Step, a.Resolution = "x", ResolveSkip },
			[]string{"/step", "/resolution"}},
		{"no connection", pause, func(a *Action) { a.Connection = Key{} }, []string{"/connection"}},
	}
	for _, c := range cases {
		a := c.of
		c.change(&a)
		refusal, is := AsRefusal(a.Validate())
		if !is {
			t.Errorf("%s: it was let through", c.why)
			continue
		}
		var got []string
		for _, v := range refusal.Violations {
			got = append(got, v.Field)
		}
		if !slices.Equal(got, c.fields) {
			t.Errorf("%s: want %v, got %v", c.why, c.fields, refusal)
		}
	}
}
