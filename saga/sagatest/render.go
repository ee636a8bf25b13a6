package sagatest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// renderFact shows a fact in one line: its name, the step and what else it says, in the words of the wire. Ids and
// times that say nothing are left out.
func renderFact(f saga.Fact) string {
	v := reflect.ValueOf(f)
	parts := []string{saga.FactName(f)}
	for i := range v.NumField() {
		member, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if s := renderField(member, v.Field(i).Interface()); s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " ")
}

func renderField(member string, value any) string {
	switch member {
	case "at", "plan", "hash", "object", "requestId", "due", "deadline", "epoch":
		return ""
	}
	label := member + "="
	switch v := value.(type) {
	case saga.Ref:
		return ref(v.Step, v.Generation)
	case events.Intent:
		return string(v.Want) + " " + v.ID
	case []saga.Step:
		if len(v) == 0 {
			return ""
		}
		names := make([]string, len(v))
		for i, st := range v {
			names[i] = ref(st.Name, st.Generation)
		}
		return label + strings.Join(names, ",")
	case []saga.SurveyLook:
		names := make([]string, len(v))
		for i, l := range v {
			names[i] = ref(l.Step, l.Generation)
		}
		return label + strings.Join(names, ",")
	case json.RawMessage:
		if len(v) == 0 {
			return ""
		}
		return label + string(v)
	case time.Time:
		return label + at(v)
	case events.Reason:
		return quoted(label, string(v))
	case events.SurveyEnd:
		return quoted(label, string(v))
	case string:
		return quoted(label, v)
	}
	if v := reflect.ValueOf(value); v.IsZero() {
		return ""
	} else if v.Kind() == reflect.String {
		return label + v.String()
	}
	return label + fmt.Sprint(value)
}

func quoted(label, value string) string {
	if value == "" {
		return ""
	}
	return label + strconv.Quote(value)
}

// ref names a step with its generation, if it has one yet.
func ref(step string, generation uint64) string {
	if generation == 0 {
		return step
	}
	return fmt.Sprintf("%s@%d", step, generation)
}

// renderCommand shows what a worker is told.
func renderCommand(c events.Command) string {
	s := fmt.Sprintf("-> %s %s %s/%d %s", c.Capability, c.Verb, ref(c.Step, c.Generation), c.Epoch, c.Input)
	if c.Purpose != "" {
		s += " to " + string(c.Purpose)
	}
	if c.Operation != "" {
		s += " operation " + c.Operation
	}
	if c.Expedite {
		s += " hurry"
	}
	return s
}

// renderStatus shows a saga as the outside sees it, with its steps if there are any.
func renderStatus(v events.Status) string {
	s := fmt.Sprintf("%s %s v%d %s", v.ID, v.Action, v.Version, v.Status)
	if v.Reason != "" {
		s += fmt.Sprintf(" %q", v.Reason)
	}
	if len(v.Retained) > 0 {
		s += fmt.Sprintf(" retained %q", v.Retained)
	}
	for _, st := range v.Steps {
		s += fmt.Sprintf("\n  %s %s %s", st.Name, st.Transition, st.Status)
		if st.Error != nil {
			s += fmt.Sprintf(" %s %q", st.Error.Class, st.Error.Message)
		}
	}
	return s
}
