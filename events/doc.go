// Package events is the vocabulary of Culvert: what is said between publishers, the engine and the workers, and how it
// is named and encoded. It decides nothing and does nothing.
//
// The way of one intent, stage by stage, with the word each stage speaks:
//
//  1. a CloudEvent arrives over HTTP or the bus       → [Intent] (intent.go), read by package intake
//  2. it is decoded strictly and validated             → [Refusal] (refusal.go), by package intake
//  3. it is planned, decided and journalled            → package saga
//  4. the broker carries what is to be done            → [Command] (command.go) over a [Bus] (bus.go)
//  5. a worker answers                                 → [Result] with an [Outcome] (result.go, outcome.go)
//  6. operators act                                    → [Action] (action.go)
//  7. the world is told                                → [Status] (status.go)
//
// Every subject and topic name is built in subject.go, every object name in name.go and every id in id.go, and nowhere
// else. Read outcome.go first: its five classes, named by the next move, are what the whole engine turns on.
//
// The package imports nothing of ours, no broker client and no vendor SDK.
package events
