package sagatest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// Epoch is when virtual time begins.
var Epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Key is the connection that a Machine is about.
var Key = events.Key{Tenant: events.DefaultTenant, Name: "orders"}

// Limits are small round numbers, so that a story can count them.
func Limits() saga.Limits {
	return saga.Limits{
		Deadline: 30 * time.Second, Quiet: 15 * time.Second, Skew: 5 * time.Second,
		Tries: 3, Budget: 10 * time.Minute, UndoTries: 3, UndoBudget: 20 * time.Minute, ProveBudget: 2 * time.Minute,
		RetryBase: 4 * time.Second, RetryCap: 16 * time.Second,
	}
}

// A Machine is one connection with its engine, its journal and a clock that only its user moves.
type Machine struct {
	Engine saga.Engine
	// Held is what the operators hold.
	Held    saga.Held
	State   saga.State
	Now     time.Time
	Records []saga.Record
	// CheckEvery is how seldom the machine checks itself; zero and one mean at every input.
	CheckEvery int
	// Words replaces every text for people that comes in or is kept; nil leaves them. What is decided must not depend
	// on it.
	Words func(string) string
	// TableEvery is how seldom of these checks the table is held to Ticks; zero and one mean at every check.
	TableEvery int
	// Tables is how often the table was held to Ticks, and Ticks how many of them it took.
	Tables, Ticks  int
	inputs, checks int
}

// NewMachine makes a connection that nothing has happened to.
func NewMachine() *Machine {
	return &Machine{
		Engine: saga.Engine{Kinds: Kinds(), Limits: Limits()}, State: saga.State{Key: Key}, Now: Epoch,
	}
}

// Environment is what the engine is told besides the journal.
func (m *Machine) Environment() saga.Environment {
	return saga.Environment{Now: m.Now, Held: m.Held}
}

// Due is when the connection is due.
func (m *Machine) Due() time.Time { return m.Engine.Due(m.State, m.Held) }

// Hold holds a capability, or with "" the engine, or releases it.
func (m *Machine) Hold(capability string, held bool) {
	var p *saga.Pause
	if held {
		p = &saga.Pause{}
	}
	m.Held = m.Held.With(capability, p)
}

// Input offers an input now. The first error is the engine's answer to it; the second is a broken promise of the
// engine, whatever the input was.
func (m *Machine) Input(in saga.Input) (d saga.Decision, answer, broken error) {
	m.inputs++
	if m.Words != nil {
		return m.reworded(in)
	}
	if m.CheckEvery > 1 && m.inputs%m.CheckEvery != 0 {
		d, answer = m.Engine.Decide(m.State, in, m.Environment())
		if answer == nil && len(d.Facts) > 0 {
			_, broken = m.record(&d)
			m.State = d.State
		}
		return d, answer, broken
	}
	before := encode(m.State)
	d, answer = m.Engine.Decide(m.State, in, m.Environment())
	if !bytes.Equal(before, encode(m.State)) {
		return d, answer, fmt.Errorf("deciding changed the state it was given")
	}
	if again, _ := m.Engine.Decide(m.State, in, m.Environment()); !bytes.Equal(encode(again.State), encode(d.State)) {
		return d, answer, fmt.Errorf("the same input at the same time was decided in another way")
	}
	if answer != nil || len(d.Facts) == 0 {
		if !bytes.Equal(before, encode(d.State)) {
			return d, answer, fmt.Errorf("no fact, but another state")
		}
		return d, answer, m.promises()
	}
	r, err := m.record(&d)
	if err != nil {
		return d, nil, err
	}
	replayed, err := saga.Rebuild(m.State.Key, Snapshot(m.State), []saga.Record{r})
	if err != nil {
		return d, nil, fmt.Errorf("what was decided cannot be replayed: %w", err)
	}
	if a, b := encode(replayed), encode(d.State); !bytes.Equal(a, b) {
		return d, nil, fmt.Errorf("replay gives another state than the decision:\n%s\n%s", a, b)
	}
	m.State = replayed
	return d, nil, m.promises()
}

// record puts a decision into the journal, which gives its state the head of the chain.
func (m *Machine) record(d *saga.Decision) (saga.Record, error) {
	version := uint64(len(m.Records) + 1)
	facts, head, err := saga.EncodeRecord(m.State, fmt.Sprint(version), d.Facts)
	d.State.Head = head
	r := saga.Record{
		Key: m.State.Key, Version: version, ID: fmt.Sprint(version), At: m.Now, Facts: facts,
		Position: saga.Position(version),
	}
	m.Records = append(m.Records, r)
	return r, err
}

// promises are what holds after every decision.
func (m *Machine) promises() error {
	due := m.Due()
	if !due.IsZero() && !due.After(m.Now) {
		return fmt.Errorf("decided at %s, and due at %s again", at(m.Now), at(due))
	}
	if m.checks++; m.TableEvery <= 1 || m.checks%m.TableEvery == 0 {
		if err := m.table(due); err != nil {
			return err
		}
	}
	commands := saga.Open(m.State)
	if len(commands) > 0 && due.IsZero() {
		return fmt.Errorf("commands are in flight, but nothing is ever due")
	}
	if m.State.Saga == nil {
		return nil
	}
	if err := m.surveyed(); err != nil {
		return err
	}
	return m.ends(due, len(commands))
}

// surveyed: the view of a survey says of everything what becomes of it.
func (m *Machine) surveyed() error {
	v, has := m.Engine.SurveyView(m.State)
	if !has || v.Refused != "" {
		return nil
	}
	for _, r := range v.Rows {
		if r.Will == "" {
			return fmt.Errorf("the survey of %s does not say what becomes of %s", v.Saga, ref(r.Step, r.Generation))
		}
	}
	return nil
}

// ends: a saga that has ended has nothing in flight; one that has not is due or held, and says why it does not move.
func (m *Machine) ends(due time.Time, commands int) error {
	g := m.State.Saga
	if g.Status.Ended() {
		if commands > 0 && (m.State.Survey == nil || m.State.Survey.Ended != "") {
			return fmt.Errorf("saga %d is %s with %d commands in flight", g.N, g.Status, commands)
		}
		return nil
	}
	if len(m.Engine.Why(m.State, g.N, m.Environment())) == 0 {
		return fmt.Errorf("saga %d is %s, and nothing says why it does not move", g.N, g.Status)
	}
	if held := m.State.Paused != nil || len(m.Held) > 0; due.IsZero() && !held {
		return fmt.Errorf("saga %d is %s, but nothing is ever due", g.N, g.Status)
	}
	return nil
}

// Wholesale replays the whole journal from nothing and gives the state's fingerprint; it is an error when the machine's
// own state has another.
func (m *Machine) Wholesale() (string, error) {
	s, err := saga.Rebuild(m.State.Key, saga.Snapshot{}, m.Records)
	if err != nil {
		return "", err
	}
	a, b := Hash(s), Hash(m.State)
	if a != b {
		return "", fmt.Errorf("the journal replays to %s, the machine is at %s", a, b)
	}
	return a, nil
}

// Snapshot is a state as a journal keeps it.
func Snapshot(s saga.State) saga.Snapshot { return saga.Snapshot{Version: s.Version, State: encode(s)} }

// Hash is a state's fingerprint.
func Hash(s saga.State) string { return events.Digest(encode(s))[:16] }

func encode(s saga.State) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a state is plain data
	}
	return b
}

// at shows a time as what has passed since the beginning.
func at(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return "+" + t.Sub(Epoch).String()
}
