package events

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Every subject (NATS) and topic (Pub/Sub) name of Culvert. Tokens that come from outside are keys and kinds, which
// have been checked against a grammar without dots, stars and blanks before they get here.
const (
	subjectIntents  = "culvert.intents."
	subjectStatus   = "culvert.status."
	subjectCommands = "culvert.commands."
	subjectResults  = "culvert.results."
	subjectDead     = "culvert.dead."
	subjectJournal  = "culvert.journal."
	// TopicIntents is where intents come in on Google Pub/Sub.
	TopicIntents = "culvert-intents"
)

// A Stream is a family of subjects with one retention and one promise.
type Stream struct {
	// Name is the stream's name at the broker.
	Name string
	// Subject is the filter of everything in it.
	Subject string
	// Synced says that a message is on stable storage before its publisher is told so.
	Synced bool
}

// The streams of the bus. The journal has a port, and a stream, of its own.
var (
	Intents  = Stream{Name: "CULVERT_INTENTS", Subject: subjectIntents + ">", Synced: true}
	Commands = Stream{Name: "CULVERT_COMMANDS", Subject: subjectCommands + ">"}
	Results  = Stream{Name: "CULVERT_RESULTS", Subject: subjectResults + ">"}
	Statuses = Stream{Name: "CULVERT_STATUS", Subject: subjectStatus + ">"}
	Dead     = Stream{Name: "CULVERT_DEAD", Subject: subjectDead + ">", Synced: true}
	Journal  = Stream{Name: "CULVERT_JOURNAL", Subject: subjectJournal + "*", Synced: true}
)

// Any is a subject of the stream for a message that came without one.
func (s Stream) Any() string { return strings.TrimSuffix(s.Subject, ">") + "any" }

// Streams lists what a broker must carry for the bus.
func Streams() []Stream { return []Stream{Intents, Commands, Results, Statuses, Dead} }

// StreamOf tells which stream of the bus carries a subject, or a filter with a trailing wildcard. What a broker would
// take as well, another account's subject or the journal's, is not the bus's to write.
func StreamOf(subject string) (Stream, bool) {
	for t := range strings.SplitSeq(subject, ".") {
		if t == "" || strings.ContainsAny(t, " \t\r\n") || strings.ContainsAny(t, "*>") && len(t) > 1 {
			return Stream{}, false
		}
	}
	for _, s := range Streams() {
		prefix := strings.TrimSuffix(s.Subject, ">")
		if len(subject) > len(prefix) && strings.HasPrefix(subject, prefix) {
			return s, true
		}
	}
	return Stream{}, false
}

// Carrier tells which stream of the bus carries a subject that a message can have: a filter is none.
func Carrier(subject string) (Stream, bool) {
	if strings.ContainsAny(subject, "*>\x00") {
		return Stream{}, false
	}
	return StreamOf(subject)
}

// Covers tells whether a filter of a subscription, which may end in ".>", covers a subject or another filter.
func Covers(filter, subject string) bool {
	prefix, wild := strings.CutSuffix(filter, ">")
	return filter == subject || wild && len(subject) > len(prefix) && strings.HasPrefix(subject, prefix)
}

// Covers tells whether the subscription is for a subject.
func (s Subscription) Covers(subject string) bool {
	return slices.ContainsFunc(s.Subjects, func(f string) bool { return Covers(f, subject) })
}

// Stream tells the one stream that the subscription belongs to, or what is wrong with the subscription.
func (s Subscription) Stream() (Stream, error) {
	if err := ParseSubscriptionName(s.Name); err != nil {
		return Stream{}, err
	}
	if len(s.Subjects) == 0 || s.Parallel < 0 || s.MaxDeliver < 0 {
		return Stream{}, errors.New("no subject, or a negative Parallel or MaxDeliver")
	}
	var stream Stream
	for i, f := range s.Subjects {
		of, ok := StreamOf(f)
		if !ok {
			return Stream{}, fmt.Errorf("no stream carries %q", f)
		}
		if i > 0 && of != stream {
			return Stream{}, fmt.Errorf("subjects of two streams, %s and %s", stream.Name, of.Name)
		}
		stream = of
	}
	return stream, nil
}

// IntentSubject is where intents of a kind come in.
func IntentSubject(kind string) string { return subjectIntents + kind }

// StatusSubject is where the status of sagas of a kind goes out.
func StatusSubject(kind, status string) string { return subjectStatus + kind + "." + status }

// CommandSubject is where the workers of a capability take their commands.
func CommandSubject(capability string) string { return subjectCommands + capability }

// CommandsOf is the subscription that the workers of a capability share.
func CommandsOf(capability string) Subscription {
	return Subscription{Name: "workers-" + capability, Subjects: []string{CommandSubject(capability)}}
}

// ResultSubject is where workers answer about a connection.
func ResultSubject(k Key) string { return subjectResults + k.String() }

// JournalSubject is the connection's own subject in the journal.
func JournalSubject(k Key) string { return subjectJournal + k.String() }

// KeyOfJournal is the inverse of JournalSubject.
func KeyOfJournal(subject string) (Key, error) {
	return ParseKey(strings.TrimPrefix(subject, subjectJournal))
}

// DeadSubject is where a rejected message of a subject is kept.
func DeadSubject(subject string) string {
	return subjectDead + strings.TrimPrefix(subject, "culvert.")
}
