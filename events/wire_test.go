package events_test

import (
	"flag"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/wiretest"
)

var update = flag.Bool("update", false, "append to the frozen lists")

// TestPublishedMembersAreFrozen holds the JSON members of everything that is published or kept against the frozen list.
func TestPublishedMembersAreFrozen(t *testing.T) {
	var lines []string
	for name, of := range map[string]reflect.Type{
		"intent": reflect.TypeFor[events.Intent](), "command": reflect.TypeFor[events.Command](),
		"result": reflect.TypeFor[events.Result](), "status": reflect.TypeFor[events.Status](),
		"action": reflect.TypeFor[events.Action](), "cause": reflect.TypeFor[events.Cause](),
		"deadletter": reflect.TypeFor[events.DeadLetter](),
	} {
		lines = append(lines, wiretest.Members(name, of)...)
	}
	slices.Sort(lines)
	for _, line := range lines {
		if strings.HasSuffix(line, " untagged") {
			t.Errorf("%s: its name on the wire is its Go name; give it a tag", line)
		}
	}
	wiretest.Frozen(t, "testdata/wire/members.txt", lines, *update)
}

// TestWordsAreFrozen holds the words that readers know against the frozen list.
func TestWordsAreFrozen(t *testing.T) {
	wiretest.Frozen(t, "testdata/wire/words.txt", wiretest.Words(t, ".",
		"ActionKind", "CauseCode", "Class", "Verb", "Presence", "ProblemCode", "Purpose", "Reason", "ReplayFrom",
		"Resolution",
		"SagaStatus", "StepStatus", "SurveyEnd", "Want"), *update)
}

// TestSubjectsAreFrozen: what subscribers and other releases listen to.
func TestSubjectsAreFrozen(t *testing.T) {
	key := events.Key{Tenant: "default", Name: "orders"}
	lines := []string{
		"intents " + events.IntentSubject("private-service"),
		"status " + events.StatusSubject("private-service", string(events.SagaStuck)),
		"status type " + events.StatusType("private-service"),
		"intent type " + events.IntentType("private-service", events.Apply, 1),
		"commands " + events.CommandSubject("egress"),
		"results " + events.ResultSubject(key),
		"journal " + events.JournalSubject(key),
		"dead " + events.DeadSubject(events.CommandSubject("egress")),
		"topic " + events.TopicIntents,
		"key " + key.String(),
		"saga " + key.Saga(7),
		"command id " + events.Command{Connection: key, Step: "announce-2", Generation: 3, Epoch: 4}.ID(),
		"journal stream " + events.Journal.Name + " " + events.Journal.Subject,
	}
	for _, s := range events.Streams() {
		lines = append(lines, "stream "+s.Name+" "+s.Subject)
	}
	wiretest.Frozen(t, "testdata/wire/subjects.txt", lines, *update)
}
