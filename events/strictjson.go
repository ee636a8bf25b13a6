package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The limits of what is read from outside.
const (
	// MaxEvent is the most bytes of one message, a batch included: below every broker's limit.
	MaxEvent = 256 << 10
	// MaxDepth is how deep objects and arrays may nest.
	MaxDepth = 32
)

// maxNumber is the largest whole number that every JSON reader holds exactly (RFC 7493, I-JSON: 2^53-1).
const maxNumber = 1<<53 - 1

// A strictReader reads JSON into a tree (map[string]any, []any, string, json.Number, bool, nil) and notes what another
// reader could understand otherwise: keys that two readers tell apart differently, characters that do not show,
// numbers that do not survive. Numbers come out in one spelling, so equal documents give equal trees.
type strictReader struct {
	decoder    *json.Decoder
	violations []Violation
}

// readStrict gives the tree and what is wrong with it. When it could not be read at all the tree is nil and there is
// exactly one violation.
func readStrict(raw []byte) (any, []Violation) {
	switch {
	case len(raw) > MaxEvent:
		return nil, unreadable("", "too-large", "%d bytes, more than %d", len(raw), MaxEvent)
	case !utf8.Valid(raw):
		return nil, unreadable("", "utf-8", "the text is not UTF-8")
	}
	r := &strictReader{decoder: json.NewDecoder(bytes.NewReader(raw))}
	r.decoder.UseNumber()
	tree, err := r.value("", 0)
	if err == nil {
		err = r.end()
	}
	var deep *depthError
	switch {
	case errors.As(err, &deep):
		return nil, unreadable(deep.pointer, "too-deep", "more than %d levels of objects and arrays", MaxDepth)
	case err != nil:
		return nil, unreadable("", "json", "the text is not one JSON value: %v", err)
	}
	return tree, r.violations
}

func unreadable(pointer, rule, format string, args ...any) []Violation {
	return NewRefusal(pointer, rule, format, args...).Violations
}

type depthError struct{ pointer string }

func (e *depthError) Error() string { return "too deep at " + e.pointer }

func (r *strictReader) end() error {
	_, err := r.decoder.Token()
	switch {
	case err == nil:
		return errors.New("there is more after the value")
	case errors.Is(err, io.EOF):
		return nil
	}
	return fmt.Errorf("there is more after the value: %w", err)
}

func (r *strictReader) value(at string, depth int) (any, error) {
	token, err := r.decoder.Token()
	if errors.Is(err, io.EOF) {
		return nil, io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		if depth == MaxDepth {
			return nil, &depthError{at}
		}
		if t == '{' {
			return r.object(at, depth+1)
		}
		return r.array(at, depth+1)
	case json.Number:
		return r.number(at, t), nil
	case string:
		r.text(at, t)
	}
	return token, nil
}

func (r *strictReader) object(at string, depth int) (any, error) {
	object := map[string]any{}
	spelt := map[string]string{}
	for r.decoder.More() {
		token, err := r.decoder.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string) // the decoder lets nothing else stand there
		here := at + "/" + escapePointer(key)
		r.text(here, key)
		if earlier, twice := spelt[fold(key)]; twice {
			r.note(here, "duplicate-key", "the object has %q already; keys that differ only in case count as the same", earlier)
		}
		spelt[fold(key)] = key
		if object[key], err = r.value(here, depth); err != nil {
			return nil, err
		}
	}
	_, err := r.decoder.Token()
	return object, err
}

func (r *strictReader) array(at string, depth int) (any, error) {
	array := []any{}
	for r.decoder.More() {
		v, err := r.value(at+"/"+strconv.Itoa(len(array)), depth)
		if err != nil {
			return nil, err
		}
		array = append(array, v)
	}
	_, err := r.decoder.Token()
	return array, err
}

// number gives one spelling to equal numbers: 2, 2.0 and 0.2e1 are all "2".
func (r *strictReader) number(at string, n json.Number) json.Number {
	f, err := n.Float64()
	if err != nil || math.Abs(f) > maxNumber || len(n) > 32 {
		r.note(at, "number", "the number does not fit: at most 2^53-1 either way, in at most 32 characters")
		return "0"
	}
	if f == math.Trunc(f) {
		return json.Number(strconv.FormatInt(int64(f), 10))
	}
	return json.Number(strconv.FormatFloat(f, 'g', -1, 64))
}

// text refuses characters that do not show, or show something else. The replacement character is what is left of an
// escaped half of a surrogate pair.
func (r *strictReader) text(at, s string) {
	for _, c := range s {
		if unicode.IsControl(c) || unicode.In(c, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co) || c == utf8.RuneError {
			r.note(at, "control-character", "the text has the character %U, which does not show", c)
			return
		}
	}
}

func (r *strictReader) note(at, rule, format string, args ...any) {
	r.violations = append(r.violations, Violation{Field: at, Rule: rule, Message: fmt.Sprintf(format, args...)})
}

// fold makes keys equal that some reader takes for the same: encoding/json, for one, matches field names in any case,
// the long s and the Kelvin sign included.
func fold(key string) string { return strings.ToLower(strings.ToUpper(key)) }

func escapePointer(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1")
}
