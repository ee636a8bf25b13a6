package saga_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events/wiretest"
	"github.com/culvertnet/culvert/saga"
)

// TestFactsKeepNameAndNumber holds the table of facts against the frozen list: what a fact is called in a journal does
// not depend on what its Go type is called.
func TestFactsKeepNameAndNumber(t *testing.T) {
	var lines []string
	numbers, names, types := map[int]bool{}, map[string]bool{}, map[reflect.Type]bool{}
	for i, e := range saga.FactEntries() {
		if numbers[e.Number] || names[e.Name] || types[e.Type] || e.Number != i+1 {
			t.Errorf("%d %s (%s): a number, a name and a type are of one fact, and numbers are given in order",
				e.Number, e.Name, e.Type)
		}
		numbers[e.Number], names[e.Name], types[e.Type] = true, true, true
		lines = append(lines, fmt.Sprintf("%d %s", e.Number, e.Name))
	}
	wiretest.Frozen(t, "testdata/wire/facts.txt", lines, *update)
}

// TestFactsAreWrittenByTheTable: a fact is written under its name, and one that has none is not written.
func TestFactsAreWrittenByTheTable(t *testing.T) {
	for _, e := range saga.FactEntries() {
		fact := reflect.Zero(e.Type).Interface().(saga.Fact)
		raw, err := saga.EncodeFacts([]saga.Fact{fact})
		if err != nil || !strings.HasPrefix(string(raw), `[{"fact":"`+e.Name+`",`) {
			t.Errorf("%s is written as %s: %v", e.Name, raw, err)
		}
	}
	if raw, err := saga.EncodeFacts([]saga.Fact{saga.Ref{Step: "a"}}); err == nil {
		t.Errorf("a fact without a name is written as %s", raw)
	}
}

// TestStoredMembersAreFrozen holds the JSON members of everything in a journal against the frozen list.
func TestStoredMembersAreFrozen(t *testing.T) {
	var lines []string
	for _, e := range saga.FactEntries() {
		lines = append(lines, wiretest.Members(e.Name, e.Type)...)
	}
	lines = append(lines, wiretest.Members("snapshot", reflect.TypeFor[saga.State]())...)
	lines = append(lines, wiretest.Members("summary", reflect.TypeFor[saga.Summary]())...)
	noGoNames(t, lines)
	wiretest.Frozen(t, "testdata/wire/members.txt", lines, *update)
	words := wiretest.Words(t, ".", "Direction", "Transition", "Rule")
	wiretest.Frozen(t, "testdata/wire/words.txt", words, *update)
}

func noGoNames(t *testing.T, lines []string) {
	t.Helper()
	for _, line := range lines {
		if strings.HasSuffix(line, " untagged") {
			t.Errorf("%s: its name on the wire is its Go name; give it a tag", line)
		}
	}
}
