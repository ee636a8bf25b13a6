package intake

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/schemas"
)

// maxAhead is how far in the future an event's time may be: clocks differ, but not by days.
const maxAhead = 24 * time.Hour

// CheckData validates the data of an intent by itself, such as an operator's edited input of a replay, and gives it in
// the spelling in which it is kept. The error is a *Refusal whose fields begin with "/data".
func CheckData(kind string, want events.Want, version int, data []byte) (json.RawMessage, error) {
	read, violations := readStrict(data)
	for i := range violations {
		violations[i].Field = "/data" + violations[i].Field
	}
	if read != nil || len(violations) == 0 {
		problems, known := schemas.ValidateIntent(schemas.Name{Kind: kind, Want: string(want), Version: version}, read)
		if !known {
			return nil, unknownType(events.IntentType(kind, want, version))
		}
		violations = append(violations, schemaViolations("/data", problems)...)
	}
	if len(violations) > 0 {
		return nil, clipped(violations)
	}
	return json.Marshal(read)
}

func (t *tree) note(field string, rule events.Rule, format string, args ...any) {
	t.violations = append(t.violations, events.NewRefusal(field, rule, format, args...).Violations...)
}

// checkEnvelope checks the attributes: by the envelope's schema, and what a schema cannot say.
func (t *tree) checkEnvelope(now time.Time) {
	if t.root == nil {
		return // it could not be read, and that has been noted
	}
	for _, v := range schemaViolations("", schemas.ValidateEnvelope(t.root)) {
		switch {
		case v.Rule == events.RuleOfSchema("additionalProperties"):
			v.Rule = "extension"
			v.Message = "the attribute is not known; the extensions that are read: ifversion, traceparent, tracestate"
		case v.Field == "/data" && v.Rule == events.RuleOfSchema("required") && t.unread:
			continue // it is there, and what is wrong with it has been noted
		}
		t.violations = append(t.violations, v)
	}
	if source, is := t.root["source"].(string); is {
		if _, err := url.Parse(source); err != nil {
			t.note("/source", "source", "the source is not a URI reference: %v", err)
		}
	}
	t.checkTime(now)
	if n := t.ifVersion(); n != nil && *n > maxInteger {
		t.note("/ifversion", "ifversion", "the number is larger than a CloudEvents integer")
	}
}

// maxInteger is the largest CloudEvents integer (1.0.2, type system).
const maxInteger = 1<<31 - 1

func (t *tree) checkTime(now time.Time) {
	text, is := t.root["time"].(string)
	if !is {
		return
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	switch {
	case err != nil:
		t.note("/time", "time", "the time is not RFC 3339: %v", err)
	case at.After(now.Add(maxAhead)):
		t.note("/time", "time", "the time is more than %s ahead of %s", maxAhead, now.UTC().Format(time.RFC3339))
	}
}

// ifVersion gives the extension, which a header can only carry as text; nil when it is not there or not a number.
func (t *tree) ifVersion() *uint64 {
	n, err := strconv.ParseUint(fmt.Sprint(t.root["ifversion"]), 10, 64)
	if err != nil {
		return nil
	}
	return &n
}

// checkIntent checks what makes an event an intent.
func (t *tree) checkIntent(tenant string) {
	if t.root == nil {
		return
	}
	if err := (events.Key{Tenant: tenant, Name: tenant}).Validate(); err != nil {
		t.note("/tenant", "tenant", "%v", err)
	}
	text, is := t.root["type"].(string)
	if !is {
		return // noted by the envelope's schema
	}
	kind, want, version, err := events.ParseIntentType(text)
	if err != nil {
		t.note("/type", "type", "%s", unknownType(text).Violations[0].Message)
		return
	}
	data, isObject := t.root["data"].(map[string]any)
	problems, known := schemas.ValidateIntent(schemas.Name{Kind: kind, Want: string(want), Version: version}, data)
	switch {
	case !known:
		t.note("/type", "type", "%s", unknownType(text).Violations[0].Message)
	case isObject:
		t.violations = append(t.violations, schemaViolations("/data", problems)...)
	}
}

func unknownType(text string) *events.Refusal {
	var known []string
	for _, n := range schemas.List() {
		known = append(known, events.IntentType(n.Kind, events.Want(n.Want), n.Version))
	}
	return events.NewRefusal("type", "type", "type %q is not known; known are: %s", text, strings.Join(known, ", "))
}

func schemaViolations(at string, problems []schemas.Problem) []events.Violation {
	violations := make([]events.Violation, 0, len(problems))
	for _, p := range problems {
		violations = append(violations, events.Violation{
			Field: at + p.Pointer, Rule: events.RuleOfSchema(p.Keyword), Message: p.Message,
		})
	}
	return violations
}

// intent makes the intent of a tree that was checked.
func (t *tree) intent(tenant string) (events.Intent, error) {
	text := func(name string) string { s, _ := t.root[name].(string); return s }
	kind, want, version, err := events.ParseIntentType(text("type"))
	if err != nil {
		return events.Intent{}, fmt.Errorf("read intent: %w", err)
	}
	data, err := json.Marshal(t.root["data"])
	if err != nil {
		return events.Intent{}, fmt.Errorf("write data of intent %s: %w", text("id"), err)
	}
	in := events.Intent{
		Connection: events.Key{Tenant: tenant, Name: text("subject")},
		Source:     text("source"), ID: text("id"),
		Kind: kind, Want: want, Version: version,
		IfVersion: t.ifVersion(), Data: data,
	}
	if at := text("time"); at != "" {
		if in.Time, err = time.Parse(time.RFC3339Nano, at); err != nil {
			return events.Intent{}, fmt.Errorf("read time of intent %s: %w", in.ID, err)
		}
	}
	in.Digest = digest(in)
	return in, nil
}

// digest is over what the intent asks, not over how it was spelt, nor over what differs when a publisher sends it again
// (time, trace).
func digest(in events.Intent) string {
	ifVersion := ""
	if in.IfVersion != nil {
		ifVersion = strconv.FormatUint(*in.IfVersion, 10)
	}
	return events.Digest([]byte(events.IntentType(in.Kind, in.Want, in.Version)), []byte(in.Connection.Name),
		[]byte(ifVersion), in.Data)
}
