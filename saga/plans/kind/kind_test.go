package kind_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/plans/kind"
	// its flag -update, which make golden gives to every package here
	_ "github.com/culvertnet/culvert/saga/plans/kind/kindtest"
)

// wrap is an upgrade whose trace can be read: 7 becomes [7].
func wrap(data json.RawMessage) (json.RawMessage, error) {
	if string(data) == `"bad"` {
		return nil, errors.New("bad data")
	}
	return json.RawMessage("[" + string(data) + "]"), nil
}

func admit(events.Intent) error { return nil }

// three is a kind of three versions that tells what its plan was given.
func three(planned *events.Intent) kind.Entry {
	return kind.Entry{
		Name: "test",
		Versions: map[int]kind.Version{
			1: {Admit: admit, Upgrade: wrap, Example: json.RawMessage("1")},
			2: {Admit: admit, Upgrade: wrap, Example: json.RawMessage("2")},
			3: {Admit: admit, Example: json.RawMessage("3")},
		},
		Plan: func(p saga.Planning) (saga.Plan, error) {
			*planned = p.Intent
			return saga.Plan{Kind: "test"}, nil
		},
		Postconditions: func(o saga.Outputs) []string { return []string{string(o.Intent.Data)} },
	}
}

func TestAnOlderVersionIsUpgradedBeforeItIsPlannedAndJudged(t *testing.T) {
	var got events.Intent
	e := three(&got)
	if err := e.Validate(); err != nil {
		t.Fatal(err)
	}
	for version, want := range map[int]string{1: "[[1]]", 2: "[2]", 3: "3"} {
		in := e.Example(version)
		if _, err := e.Engine().Plan(saga.Planning{Intent: in}); err != nil {
			t.Fatal(err)
		}
		if string(got.Data) != want || got.Version != 3 || got.Digest != in.Digest {
			t.Errorf("version %d is planned as version %d with %s, want 3 with %s", version, got.Version, got.Data,
				want)
		}
		if judged := e.Engine().Postconditions(saga.NewOutputs(in, nil, nil)); len(judged) != 1 || judged[0] != want {
			t.Errorf("version %d is judged as %v, want %s", version, judged, want)
		}
	}
	withdraw := e.Example(1)
	withdraw.Want = events.Withdraw
	if _, err := e.Engine().Plan(saga.Planning{Intent: withdraw}); err != nil || string(got.Data) != "1" {
		t.Errorf("the data of a withdrawal is planned as %s: %v", got.Data, err)
	}
}

func TestAVersionThatThisReleaseDoesNotKnow(t *testing.T) {
	var got events.Intent
	e := three(&got)
	in := e.Example(4)
	if r, refused := events.AsRefusal(e.Admit(in)); !refused || r.Violations[0].Rule != "version" {
		t.Errorf("it is admitted: %v", e.Admit(in))
	}
	if _, err := e.Engine().Plan(saga.Planning{Intent: in}); err == nil || !strings.Contains(err.Error(),
		"no version 4") {
		t.Errorf("it is planned: %v", err)
	}
	if judged := e.Engine().Postconditions(saga.NewOutputs(in, nil, nil)); len(judged) != 1 ||
		!strings.Contains(judged[0], "no version 4") {
		t.Errorf("it is judged: %v", judged)
	}
	bad := e.Apply(json.RawMessage(`"bad"`))
	bad.Version = 1
	if _, err := e.Engine().Plan(saga.Planning{Intent: bad}); err == nil || !strings.Contains(err.Error(), "bad data") {
		t.Errorf("what cannot be upgraded is planned: %v", err)
	}
}

func TestAnIncompleteEntryIsRefused(t *testing.T) {
	whole := func() kind.Entry {
		var ignored events.Intent
		return three(&ignored)
	}
	for name, spoil := range map[string]func(*kind.Entry){
		"name":       func(e *kind.Entry) { e.Name = "" },
		"plan":       func(e *kind.Entry) { e.Plan = nil },
		"no version": func(e *kind.Entry) { e.Versions = nil },
		"a gap":      func(e *kind.Entry) { delete(e.Versions, 2) },
		"no rules":   func(e *kind.Entry) { e.Versions[3] = kind.Version{Example: json.RawMessage("3")} },
		"no example": func(e *kind.Entry) { e.Versions[3] = kind.Version{Admit: admit} },
		"no upgrade": func(e *kind.Entry) { e.Versions[2] = kind.Version{Admit: admit, Example: json.RawMessage("2")} },
		"one too many": func(e *kind.Entry) {
			e.Versions[3] = kind.Version{Admit: admit, Upgrade: wrap, Example: json.RawMessage("3")}
		},
	} {
		e := whole()
		if spoil(&e); e.Validate() == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}
