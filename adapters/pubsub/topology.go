package pubsub

import (
	"fmt"
	"slices"

	"github.com/culvertnet/culvert/events"
)

// topics are the streams' names at Pub/Sub.
var topics = map[events.Stream]string{
	events.Intents: events.TopicIntents, events.Commands: "culvert-commands", events.Results: "culvert-results",
	events.Statuses: "culvert-status", events.Dead: "culvert-dead",
}

// A place is one subscription. A message that comes to a topic before its subscription exists is lost, so all are made
// by Setup, before anything is published: one for the intents, one for the results, one for each capability's commands,
// and one for each reader of the status events.
type place struct {
	id     string
	stream events.Stream
	filter string
	// subject is the one that the filter selects; "" for all of the stream.
	subject string
}

const keeperPlace = "culvert-dead"

// places lists what has to be there.
func (o Options) places() []place {
	all := []place{
		{id: "culvert-intents", stream: events.Intents}, {id: "culvert-results", stream: events.Results},
		{id: keeperPlace, stream: events.Dead},
	}
	for _, c := range o.Capabilities {
		all = append(all, commandPlace(c))
	}
	for _, name := range o.StatusReaders {
		all = append(all, place{id: "culvert-status-" + name, stream: events.Statuses})
	}
	return all
}

func commandPlace(capability string) place {
	subject := events.CommandSubject(capability)
	return place{
		id: "culvert-commands-" + capability, stream: events.Commands, subject: subject,
		filter: fmt.Sprintf("attributes.%s = %q", attributeSubject, subject),
	}
}

// carries tells whether somebody takes what is published on a subject.
func (o Options) carries(subject string) (events.Stream, bool) {
	stream, ok := events.Carrier(subject)
	if !ok || stream == events.Dead {
		return stream, false
	}
	return stream, stream != events.Commands || slices.ContainsFunc(
		o.Capabilities, func(c string) bool { return events.CommandSubject(c) == subject },
	)
}

// placesOf finds where a subscription reads. Of work each message is for one place, whatever the subscription's name;
// of status events each name has its own.
func (o Options) placesOf(s events.Subscription) ([]string, error) {
	stream, err := s.Stream()
	if err != nil {
		return nil, err
	}
	whole := slices.Equal(s.Subjects, []string{stream.Subject})
	var found []string
	for _, p := range o.places() {
		switch {
		case p.stream != stream:
		case stream == events.Statuses:
			if p.id == "culvert-status-"+s.Name {
				found = append(found, p.id)
			}
		case whole || stream == events.Commands && slices.Contains(s.Subjects, p.subject):
			found = append(found, p.id)
		}
	}
	switch {
	case stream == events.Dead:
		return nil, fmt.Errorf("dead letters are read through their port")
	case stream == events.Statuses && len(found) == 0:
		return nil, fmt.Errorf("status events have no reader %q: name it to the setup, which makes its subscription",
			s.Name)
	case stream != events.Statuses && !whole && len(found) != len(s.Subjects):
		return nil, fmt.Errorf("subjects %v: each has to be a capability's commands, or a whole stream", s.Subjects)
	}
	return found, nil
}
