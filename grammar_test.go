package culvert_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats-server/v2/server"
	"pgregory.net/rapid"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/wiretest"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/schemas"
	"github.com/culvertnet/culvert/workers"
)

// emptyStep is a step that does nothing.
type emptyStep struct{}

func (emptyStep) Do(context.Context, workers.Run, emptyStep, *emptyStep) (emptyStep, error) {
	return emptyStep{}, nil
}

func (emptyStep) Look(context.Context, workers.Run, emptyStep, *emptyStep) (workers.Seen[emptyStep], error) {
	return workers.Seen[emptyStep]{}, nil
}

func (emptyStep) Undo(context.Context, workers.Run, emptyStep, *emptyStep) (workers.Undone, error) {
	return workers.Undone{}, nil
}

// probes are kinds that plan, registry and wire once judged differently.
var probes = []string{
	"network.create-endpoint", "ipv6.create-route2", strings.Repeat("a", 50) + ".create",
	strings.Repeat("a", 40) + "." + strings.Repeat("b", 63),
	"net-.create", "net.create-", "net.create2", "Net.create", "net.create.more", "net.", ".create", "net.créate",
	"net.create\n",
}

// TestStepKindsAreJudgedAlike: whether a kind is one is answered alike by the grammar, a plan, the registry of steps, a
// command that is sent and a command that comes.
func TestStepKindsAreJudgedAlike(t *testing.T) {
	for _, kind := range probes {
		sameJudgement(t, kind)
	}
	rapid.Check(t, func(t *rapid.T) { sameJudgement(t, wiretest.Kinds().Draw(t, "kind")) })
}

type failing interface {
	Helper()
	Errorf(format string, args ...any)
}

func sameJudgement(t failing, kind string) {
	t.Helper()
	_, grammar := events.ParseStepKind(kind)
	plan := saga.Plan{Kind: "x", Nodes: []saga.Node{
		{Name: "s", Kind: kind, Prefix: "p", Input: []byte("{}")},
	}}.Validate()
	_, registry := workers.NewRegistry(workers.Handle[emptyStep, emptyStep](kind, nil, emptyStep{}))
	_, wire := events.EncodeCommand(command("s", kind))
	_, arrives := events.DecodeCommand(unchecked(command("s", kind)))
	for place, err := range map[string]error{"plan": plan, "registry": registry, "wire": wire, "decoding": arrives} {
		if (err == nil) != (grammar == nil) {
			t.Errorf("kind %q: the grammar says %v, %s says %v", kind, grammar, place, err)
		}
	}
}

// TestStepNamesHaveOneGrammar: the same of the names of steps, and of an operator's order about one.
func TestStepNamesHaveOneGrammar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := wiretest.Names().Draw(t, "name")
		grammar := events.ParseStepName(name)
		plan := saga.Plan{Kind: "x", Nodes: []saga.Node{
			{Name: name, Kind: "net.a", Prefix: "p", Input: []byte("{}")},
		}}.Validate()
		_, sent := events.EncodeCommand(command(name, "net.a"))
		answer := command(name, "net.a").Answer(events.Outcome{Class: events.Done}, "w", time.Unix(0, 0))
		_, answered := events.EncodeResult(answer)
		order := events.Action{
			Kind: events.ActionResolve, Connection: answer.Connection, Saga: answer.Saga, Actor: "a", Reason: "r",
			Step:       name,
			Resolution: events.ResolveSkip,
		}.Validate()
		for place, err := range map[string]error{"plan": plan, "command": sent, "result": answered, "order": order} {
			if (err == nil) != (grammar == nil) {
				t.Errorf("step %q: the grammar says %v, %s says %v", name, grammar, place, err)
			}
		}
	})
}

// TestCapabilitiesFitEverywhere: a capability is a part of a subject, of a subscription, of the key of its hold, and of
// the record in which its workers say that they live. What the grammar takes, each of these takes.
func TestCapabilitiesFitEverywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capability := wiretest.Names().Draw(t, "capability")
		if events.ParseCapability(capability) != nil {
			return
		}
		subject := events.CommandSubject(capability)
		if of, ok := events.StreamOf(subject); !ok || of != events.Commands || !server.IsValidLiteralSubject(subject) {
			t.Errorf("no broker takes the subject %q", subject)
		}
		if of, err := events.CommandsOf(capability).Stream(); err != nil || of != events.Commands {
			t.Errorf("the subscription of capability %q: %v", capability, err)
		}
		if err := saga.EngineKey(capability).Validate(); err != nil {
			t.Errorf("capability %q cannot be held: %v", capability, err)
		}
	})
}

// TestSubjectsOfKeysAndKindsAreLiteral: names that come from publishers are one token of a subject each.
func TestSubjectsOfKeysAndKindsAreLiteral(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := events.Key{Tenant: wiretest.Names().Draw(t, "tenant"), Name: wiretest.Names().Draw(t, "name")}
		if key.Validate() == nil {
			if back, err := events.ParseKey(key.String()); err != nil || back != key {
				t.Errorf("key %q is read back as %q: %v", key, back, err)
			}
			literal(t, events.ResultSubject(key), 3)
			literal(t, events.JournalSubject(key), 3)
			if back, err := events.KeyOfJournal(events.JournalSubject(key)); err != nil || back != key {
				t.Errorf("key %q is read back from its subject as %q: %v", key, back, err)
			}
		}
		kind := wiretest.Names().Draw(t, "kind")
		typ := events.IntentType(kind, events.Apply, 1)
		if back, _, _, err := events.ParseIntentType(typ); err == nil {
			if back != kind {
				t.Errorf("kind %q is read back as %q", kind, back)
			}
			literal(t, events.IntentSubject(kind), 3)
			literal(t, events.StatusSubject(kind, string(events.SagaStuck)), 4)
		}
	})
}

// TestConnectionNamesHaveOneGrammar: what the schema of the envelope takes as a subject is what a key takes as a name,
// and so is what the API and the codec of commands take.
func TestConnectionNamesHaveOneGrammar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := events.Key{Tenant: events.DefaultTenant, Name: wiretest.Names().Draw(t, "name")}
		grammar := key.Validate()
		door := slices.ContainsFunc(schemas.ValidateEnvelope(map[string]any{"subject": key.Name}),
			func(p schemas.Problem) bool {
				return p.Pointer == "/subject"
			})
		_, _, id := events.ParseSaga(key.Saga(7))
		c := command("s", "net.a")
		c.Connection, c.Saga = key, key.Saga(7)
		_, wire := events.EncodeCommand(c)
		for place, refused := range map[string]bool{"the envelope": door, "a saga id": id != nil,
			"a command": wire != nil} {
			if refused != (grammar != nil) {
				t.Errorf("name %q: the grammar says %v, %s refuses it: %t", key.Name, grammar, place, refused)
			}
		}
	})
}

// TestIntentKindsHaveOneGrammar: every schema is of a kind that an event's type can name, and that is a token of a
// subject.
func TestIntentKindsHaveOneGrammar(t *testing.T) {
	for _, n := range schemas.List() {
		kind, want, version, err := events.ParseIntentType(events.IntentType(n.Kind, events.Want(n.Want), n.Version))
		if err != nil || kind != n.Kind || string(want) != n.Want || version != n.Version {
			t.Errorf("schema %s is of no intent: %v", n, err)
		}
		if of, ok := events.Carrier(events.IntentSubject(n.Kind)); !ok || of != events.Intents {
			t.Errorf("no stream carries intents of schema %s", n)
		}
	}
}

func literal(t *rapid.T, subject string, tokens int) {
	if !server.IsValidLiteralSubject(subject) || strings.Count(subject, ".")+1 != tokens {
		t.Errorf("subject %q is not a literal one of %d tokens", subject, tokens)
	}
}

// TestWhatAPlanAcceptsCanBeSent: every command of a plan that Validate accepts can be encoded and is read back.
func TestWhatAPlanAcceptsCanBeSent(t *testing.T) {
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		plan := saga.Plan{Kind: "x", Version: 1}
		names, kinds, prefixes := wiretest.Names(), wiretest.Kinds(), wiretest.Names()
		if rapid.Bool().Draw(t, "good") { // else next to none is accepted
			names = rapid.StringMatching(`[a-z][a-z0-9-]{0,62}`)
			kinds = rapid.StringMatching(`[a-z]([a-z0-9-]{0,38}[a-z0-9])?\.[a-z][a-z0-9-]{0,62}`)
			prefixes = rapid.StringMatching(`[a-z][a-z0-9]{0,5}`)
		}
		for range rapid.IntRange(1, 3).Draw(t, "steps") {
			size := rapid.SampledFrom(sizes).Draw(t, "size")
			plan.Nodes = append(plan.Nodes, saga.Node{
				Name: names.Draw(t, "name"), Kind: kinds.Draw(t, "kind"), Prefix: prefixes.Draw(t, "prefix"),
				Check: rapid.Bool().Draw(t, "check"), Input: []byte(`{"note":"` + strings.Repeat("x", size) + `"}`),
			})
		}
		if plan.Validate() != nil {
			return
		}
		accepted++
		for _, n := range plan.Nodes {
			c := command(n.Name, n.Kind)
			c.Name, c.Input, c.Output = events.Name(n.Prefix, "default", "orders", n.Name, "1"), n.Input, largestOutput
			raw, err := events.EncodeCommand(c)
			if err != nil {
				t.Fatalf("a command of step %q (%q) cannot be sent: %v", n.Name, n.Kind, err)
			}
			if back, err := events.DecodeCommand(raw); err != nil || back.Kind != c.Kind || back.Step != c.Step {
				t.Fatalf("a command of step %q (%q) is read back as %+v: %v", n.Name, n.Kind, back, err)
			}
		}
	})
	if accepted == 0 {
		t.Error("no plan was accepted: the property says nothing")
	}
}

// sizes are around the bound of an input; largestOutput is what a journal's record has room for.
var (
	sizes = []int{
		0, 1, 1000, saga.MaxInput - 12, saga.MaxInput - 11, saga.MaxInput - 10, saga.MaxInput, saga.MaxFacts,
	}
	largestOutput = []byte(`"` + strings.Repeat("x", saga.MaxFacts) + `"`)
)

// unchecked is a command as a sender would write it that checks nothing.
func unchecked(c events.Command) []byte {
	raw, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return raw
}

func command(step, kind string) events.Command {
	key := events.Key{Tenant: events.DefaultTenant, Name: "orders"}
	return events.Command{
		Connection: key, Saga: key.Saga(1), Step: step, Kind: kind, Capability: events.CapabilityOf(kind),
		Generation: 1, Epoch: 1,
		Verb: events.Do, Name: "p1", RequestID: uuid.Nil, Due: time.Unix(0, 0), Deadline: time.Unix(30, 0),
		Input: []byte("{}"),
	}
}
