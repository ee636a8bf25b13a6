package workers

import (
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events"
)

// The rules of names (see Reference). A record has one hold of its owner and one of each user, told apart by their
// values.
const (
	offered = "offer"
	used    = "use"
	// noteMeaning is, in Record.Note, what the name stands for.
	noteMeaning = "meaning"
)

// offer makes the holder the owner, unless another one is.
func (r Record) offer(c claim, meaning string) (Record, error) {
	for _, h := range r.Holds {
		if h.Value == offered && h.Live() && h.Holder != c.holder {
			return r, Refuse("name-taken", "the name belongs to %s", h.Holder)
		}
	}
	r = r.clone()
	if _, err := r.put(c); err != nil {
		return r, err
	}
	r.note(noteMeaning, meaning)
	return r, nil
}

// retire ends the offer, unless somebody uses the name.
func (r Record) retire(c claim) (Record, error) {
	i := r.find(c.holder, offered)
	if i >= 0 && r.Holds[i].Live() {
		if users := r.users(); len(users) > 0 {
			return r, Refuse("in-use", "%s", usedBy(users))
		}
	}
	r = r.clone()
	if _, err := r.drop(c); err != nil {
		return r, err
	}
	if !r.isOffered() {
		r.note(noteMeaning, "")
	}
	return r, nil
}

// use makes the holder a user, if somebody offers the name.
func (r Record) use(c claim) (Record, error) {
	if !r.isOffered() {
		return r, Refuse("no-such-name", "nobody offers this name")
	}
	r = r.clone()
	_, err := r.put(c)
	return r, err
}

func (r Record) isOffered() bool {
	return slices.ContainsFunc(r.Holds, func(h Hold) bool { return h.Value == offered && h.Live() })
}

// users are the connections that use the name, sorted, each once.
func (r Record) users() []events.Key {
	var keys []events.Key
	for _, h := range r.Holds {
		if h.Value != used || !h.Live() {
			continue
		}
		if key, err := events.ParseKey(h.Connection()); err == nil {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b events.Key) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(keys)
}

// usedBy says who uses a name; of many it lists the first.
func usedBy(users []events.Key) string {
	const listed = 10
	var names []string
	for _, k := range users[:min(len(users), listed)] {
		names = append(names, k.Name)
	}
	text := "in use by " + strings.Join(names, ", ")
	if len(users) > listed {
		text += " and others"
	}
	return text
}
