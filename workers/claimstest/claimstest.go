package claimstest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// A ClaimsHarness is one store of claims, empty when the case begins.
type ClaimsHarness struct {
	// Open gives another process's handle on the same store. The harness cleans it up when the test ends.
	Open func(t *testing.T) workers.Claims
}

// A MarksHarness is one store of marks, empty when the case begins.
type MarksHarness struct {
	// Open gives another process's handle on the same store. The harness cleans it up when the test ends.
	Open func(t *testing.T) workers.Marks
}

// TestClaims runs the whole suite of the port Claims; harness is called once for each case.
func TestClaims(t *testing.T, harness func(t *testing.T) ClaimsHarness) {
	for theme, cases := range map[string]map[string]func(*testing.T, ClaimsHarness){
		"Store": storeCases,
		"Find":  findCases,
	} {
		for name, run := range cases {
			t.Run(theme+"/"+name, func(t *testing.T) { run(t, harness(t)) })
		}
	}
}

// TestMarks runs the whole suite of the port Marks; harness is called once for each case.
func TestMarks(t *testing.T, harness func(t *testing.T) MarksHarness) {
	for name, run := range markCases {
		t.Run(name, func(t *testing.T) { run(t, harness(t)) })
	}
}

// patience bounds every wait; a case that needs it has failed.
const patience = 30 * time.Second

func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func load(t *testing.T, c workers.Claims, resource string) workers.Record {
	t.Helper()
	r, err := c.Load(patient(t), resource)
	if err != nil {
		t.Fatalf("load %s: %v", resource, err)
	}
	return r
}

func store(t *testing.T, c workers.Claims, resource string, r workers.Record) {
	t.Helper()
	if err := c.Store(patient(t), resource, r); err != nil {
		t.Fatalf("store %s at version %d: %v", resource, r.Version, err)
	}
}

// held is a record with one live hold of a connection.
func held(name string) workers.Record {
	return workers.Record{Holds: []workers.Hold{hold(name, 1)}}
}

func hold(name string, epoch uint64) workers.Hold {
	h := workers.Holder{Connection: connection(name), Step: "reserve-address", Generation: 1}
	return workers.Hold{
		Holder: h.String(), Value: "10.0.0.1", Epoch: epoch, Since: time.Date(2026, 11, 21, 1, 2, 3, 0, time.UTC),
	}
}

func connection(name string) events.Key { return events.Key{Tenant: events.DefaultTenant, Name: name} }

func isContextError(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
