package reach

import "time"

// A Listing is what one call has told: its items, when, and whether they are all that there is. A list without its
// last page, with an unreachable location, with a warning or without a permission is not whole, and Gaps says why.
type Listing[T any] struct {
	Items       []T
	Call, Scope string
	At          time.Time
	Whole       bool
	Gaps        []Gap
}

// WholeList is a listing of all that there is. It is for facts that no call tells, and for tests.
func WholeList[T any](items ...T) Listing[T] { return Listing[T]{Items: items, Whole: true} }

// source is what a hop says of where its fact is from.
type source struct {
	call string
	at   time.Time
}

func (l Listing[T]) source() source { return source{l.Call, l.At} }

// doubts are the reasons why the list may lack something at a question that wants facts since a time.
func (l Listing[T]) doubts(since time.Time) []Gap {
	if !l.Whole {
		if len(l.Gaps) > 0 {
			return l.Gaps
		}
		return []Gap{{ListNotWhole, l.Call + " " + l.Scope, "the list was not read whole"}}
	}
	if l.At.Before(since) {
		return []Gap{{Stale, l.Call + " " + l.Scope, "the list is older than the last change"}}
	}
	return nil
}
