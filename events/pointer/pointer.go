// Package pointer is the one grammar of JSON pointers (RFC 6901): how a place in a document is named, in a violation,
// in a schema's problem and in a plan's binding. Documents are what encoding/json makes of JSON: map[string]any, []any
// and plain values.
package pointer

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Of is the pointer that leads through tokens: member names, and indices in decimal. Without tokens it is "", the whole
// document.
func Of(tokens ...string) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteString("/" + strings.ReplaceAll(strings.ReplaceAll(t, "~", "~0"), "/", "~1"))
	}
	return b.String()
}

// Tokens is the inverse of Of.
func Tokens(pointer string) ([]string, error) {
	if pointer == "" {
		return nil, nil
	}
	rest, begins := strings.CutPrefix(pointer, "/")
	if !begins {
		return nil, fmt.Errorf("read JSON pointer %q: it does not begin with a slash", pointer)
	}
	tokens := strings.Split(rest, "/")
	for i, t := range tokens {
		tokens[i] = strings.ReplaceAll(strings.ReplaceAll(t, "~1", "/"), "~0", "~")
	}
	return tokens, nil
}

// Get reads the place that pointer names, and tells whether the document has it.
func Get(document any, pointer string) (any, bool) {
	tokens, err := Tokens(pointer)
	if err != nil {
		return nil, false
	}
	for _, token := range tokens {
		switch t := document.(type) {
		case map[string]any:
			next, ok := t[token]
			if !ok {
				return nil, false
			}
			document = next
		case []any:
			i, ok := index(token, len(t))
			if !ok {
				return nil, false
			}
			document = t[i]
		default:
			return nil, false
		}
	}
	return document, true
}

// Set writes the place that pointer names, and makes objects on the way where the document has none. It is an error
// when the way leads through something that has no such member. The document is changed in place.
func Set(document *any, pointer string, value any) error {
	tokens, err := Tokens(pointer)
	if err != nil {
		return err
	}
	if err := set(document, tokens, value); err != nil {
		return fmt.Errorf("set %s: %w", pointer, err)
	}
	return nil
}

func set(at *any, tokens []string, value any) error {
	if len(tokens) == 0 {
		*at = value
		return nil
	}
	switch t := (*at).(type) {
	case nil:
		made := map[string]any{}
		*at = made
		return member(made, tokens, value)
	case map[string]any:
		return member(t, tokens, value)
	case []any:
		i, ok := index(tokens[0], len(t))
		if !ok {
			return errors.New("no such element")
		}
		return set(&t[i], tokens[1:], value)
	}
	return fmt.Errorf("%T has no fields", *at)
}

func member(object map[string]any, tokens []string, value any) error {
	child := object[tokens[0]]
	if err := set(&child, tokens[1:], value); err != nil {
		return err
	}
	object[tokens[0]] = child
	return nil
}

// index reads an array index, which has one spelling (RFC 6901, section 4).
func index(token string, length int) (int, bool) {
	i, err := strconv.Atoi(token)
	return i, err == nil && i >= 0 && i < length && strconv.Itoa(i) == token
}
