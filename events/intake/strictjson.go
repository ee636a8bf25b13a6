package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/pointer"
)

// The limits of what is read from outside.
const (
	// MaxEvent is the most bytes of one message, a batch included: below every broker's limit.
	MaxEvent = 256 << 10
	// MaxDepth is how deep objects and arrays may nest.
	MaxDepth = 32
	// MaxMembers is the most members of one object or array, MaxValues the most values of one message. No schema asks
	// for nearly as many; without a limit a small message of empty objects costs seconds of telling what each one
	// lacks.
	MaxMembers = 1000
	MaxValues  = 10000
)

// maxNumber is the largest whole number that every JSON reader holds exactly (RFC 7493, I-JSON: 2^53-1).
const maxNumber = 1<<53 - 1

// A strictReader reads JSON into a tree (map[string]any, []any, string, json.Number, bool, nil) and notes what another
// reader could understand otherwise: keys that two readers tell apart differently, characters that do not show,
// numbers that do not survive. Numbers come out in one spelling, so equal documents give equal trees.
type strictReader struct {
	decoder *json.Decoder
	// path is where the reader is. It becomes a pointer only in a violation: written out at every value, one long key
	// above many values would cost more than the text is long.
	path       []string
	values     int
	violations []events.Violation
}

// maxViolations is how many violations of one message are told, maxText how long a part of one may be. Nobody mends
// more at once, and a refusal must not be larger than what it refuses.
const (
	maxViolations = 100
	maxText       = 512
)

// readStrict gives the tree and what is wrong with it. When it could not be read at all the tree is nil and there is
// exactly one violation.
func readStrict(raw []byte) (any, []events.Violation) {
	switch {
	case len(raw) > MaxEvent:
		return nil, unreadable("", "too-large", "%d bytes, more than %d", len(raw), MaxEvent)
	case !utf8.Valid(raw):
		return nil, unreadable("", "utf-8", "the text is not UTF-8")
	}
	r := &strictReader{decoder: json.NewDecoder(bytes.NewReader(raw))}
	r.decoder.UseNumber()
	tree, err := r.value()
	if err == nil {
		err = events.EndOfJSON(r.decoder)
	}
	switch {
	case errors.Is(err, errDepth):
		return nil, unreadable(r.pointer(), "too-deep", "more than %d levels of objects and arrays", MaxDepth)
	case errors.Is(err, errMany):
		return nil, unreadable(r.pointer(), "too-many", "more than %d members of one object or array, or %d values",
			MaxMembers, MaxValues)
	case err != nil:
		return nil, unreadable("", "json", "the text is not one JSON value: %v", err)
	}
	return tree, r.violations
}

func unreadable(pointer string, rule events.Rule, format string, args ...any) []events.Violation {
	return events.NewRefusal(pointer, rule, format, args...).Violations
}

// The errors of a value that is not read to its end. The path then tells where that was.
var (
	errDepth = errors.New("too deep")
	errMany  = errors.New("too many")
)

// enter reads the value at one step below, one of so many members.
func (r *strictReader) enter(step string, members int) (any, error) {
	if r.values++; members >= MaxMembers || r.values > MaxValues {
		return nil, errMany
	}
	r.path = append(r.path, step)
	v, err := r.value()
	if err != nil {
		return nil, err
	}
	r.path = r.path[:len(r.path)-1]
	return v, nil
}

func (r *strictReader) value() (any, error) {
	token, err := r.decoder.Token()
	if errors.Is(err, io.EOF) {
		return nil, io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		if len(r.path) >= MaxDepth {
			return nil, errDepth
		}
		if t == '{' {
			return r.object()
		}
		return r.array()
	case json.Number:
		return r.number(t), nil
	case string:
		r.text(t)
	}
	return token, nil
}

func (r *strictReader) object() (any, error) {
	object := map[string]any{}
	spelt := map[string]string{}
	for r.decoder.More() {
		token, err := r.decoder.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string) // the decoder lets nothing else stand there
		r.text(key, key)
		folded := fold(key)
		if earlier, twice := spelt[folded]; twice {
			r.note([]string{
				key,
			}, "duplicate-key", "the object has %q already; keys that differ only in case count as the same", earlier)
		}
		spelt[folded] = key
		if object[key], err = r.enter(key, len(object)); err != nil {
			return nil, err
		}
	}
	_, err := r.decoder.Token()
	return object, err
}

func (r *strictReader) array() (any, error) {
	array := []any{}
	for r.decoder.More() {
		v, err := r.enter(strconv.Itoa(len(array)), len(array))
		if err != nil {
			return nil, err
		}
		array = append(array, v)
	}
	_, err := r.decoder.Token()
	return array, err
}

// number gives one spelling to equal numbers: 2, 2.0 and 0.2e1 are all "2".
func (r *strictReader) number(n json.Number) json.Number {
	f, err := n.Float64()
	if err != nil || math.Abs(f) > maxNumber || len(n) > 32 {
		r.note(nil, "number", "the number does not fit: at most 2^53-1 either way, in at most 32 characters")
		return "0"
	}
	if f == math.Trunc(f) {
		return json.Number(strconv.FormatInt(int64(f), 10))
	}
	return json.Number(strconv.FormatFloat(f, 'g', -1, 64))
}

// text refuses characters that do not show, or show something else, in a text at the reader's place or below it. The
// replacement character is what is left of an escaped half of a surrogate pair.
func (r *strictReader) text(s string, below ...string) {
	for _, c := range s {
		if unicode.IsControl(c) || unicode.In(c, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co) ||
			c == utf8.RuneError {
			r.note(below, "control-character", "the text has the character %U, which does not show", c)
			return
		}
	}
}

func (r *strictReader) note(below []string, rule events.Rule, format string, args ...any) {
	if len(r.violations) < maxViolations {
		v := events.Violation{Field: r.pointer(below...), Rule: rule, Message: fmt.Sprintf(format, args...)}
		r.violations = append(r.violations, v)
	}
}

// pointer is the JSON pointer of the reader's place, or of one below it.
func (r *strictReader) pointer(below ...string) string {
	steps := slices.Concat(r.path, below)
	for i, step := range steps {
		steps[i] = clip(step)
	}
	return pointer.Of(steps...)
}

// clip cuts what a publisher made too long for people.
func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "") + "…"
}

// clipped is a refusal that is fit to be told.
func clipped(violations []events.Violation) *events.Refusal {
	told := slices.Clone(violations[:min(len(violations), maxViolations)])
	for i, v := range told {
		told[i] = events.Violation{Field: clip(v.Field), Rule: v.Rule, Message: clip(v.Message)}
	}
	return &events.Refusal{Violations: told}
}

// fold makes keys equal that some reader takes for the same: encoding/json, for one, matches field names in any case,
// the long s and the Kelvin sign included.
func fold(key string) string { return strings.ToLower(strings.ToUpper(key)) }
