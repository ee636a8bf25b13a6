// Package pubsub carries the messages of the Google backend over Cloud Pub/Sub.
//
// It implements events.Bus. Pub/Sub has no compare-and-set, no delayed and no random access, and none is needed: the
// journal is the truth and timers are its facts (package postgres), so that everything here is at least once and in no
// order. Dead letters go through a topic, where anybody may watch them, into a store that operators can list
// (Options.Letters).
//
// Nothing relies on exactly-once delivery, ordering keys or the vendor's dead-lettering. Read topology.go first, then
// consume.go.
package pubsub
