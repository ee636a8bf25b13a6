package events

import (
	"errors"
	"fmt"
	"strings"
)

// A Rule is the code of a rule that inputs keep. Every rule is in [Codes].
type Rule string

// RuleOfSchema is the rule of a keyword of JSON Schema.
func RuleOfSchema(keyword string) Rule { return Rule("schema-" + keyword) }

// A Violation is one rule that an input breaks, with the field that breaks it.
type Violation struct {
	// Field is a JSON pointer into the event ("/data/egress/connector/ipCidrRange") or a CloudEvents attribute
	// ("type").
	Field string `json:"field"`
	// Rule is the code of the rule ("connector-range", "schema-required", "duplicate-key").
	Rule Rule `json:"rule"`
	// Message tells a person what is wrong and what would be right.
	Message string `json:"message"`
}

// A Refusal is the error of an input that was not accepted. It lists every violation that was found, at least one.
type Refusal struct {
	// Conflict is set when the input is well formed but does not fit what stands (HTTP 409 rather than 400).
	Conflict   bool
	Violations []Violation
}

// NewRefusal makes a refusal of one violation.
func NewRefusal(field string, rule Rule, format string, args ...any) *Refusal {
	return &Refusal{Violations: []Violation{{Field: field, Rule: rule, Message: fmt.Sprintf(format, args...)}}}
}

// NewConflict makes a refusal of an input that does not fit what stands.
func NewConflict(field string, rule Rule, format string, args ...any) *Refusal {
	r := NewRefusal(field, rule, format, args...)
	r.Conflict = true
	return r
}

// Error names each field and rule.
func (r *Refusal) Error() string {
	parts := make([]string, 0, len(r.Violations))
	for _, v := range r.Violations {
		parts = append(parts, fmt.Sprintf("%s (%s): %s", v.Field, v.Rule, v.Message))
	}
	return strings.Join(parts, "; ")
}

// AsRefusal finds a refusal in an error's chain.
func AsRefusal(err error) (*Refusal, bool) {
	var r *Refusal
	ok := errors.As(err, &r)
	return r, ok
}

// ErrBusy says that a connection's queue of accepted intents is full, or that admission is held: try again later.
var ErrBusy = errors.New("too many intents are waiting")
