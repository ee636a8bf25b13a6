package permissions

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/workers"
)

// fields is a step's input as values.
func fields(s workers.PlannedStep) (any, error) {
	var v any
	if err := json.Unmarshal(s.Input, &v); err != nil {
		return nil, fmt.Errorf("read input of %s: %w", s.Kind, err)
	}
	return v, nil
}

// texts are the texts at a place; "*" is every item. What is not there, empty or no text gives none, and false is none.
func texts(v any, pointer string) []string {
	at := []any{v}
	for part := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		var next []any
		for _, v := range at {
			switch v := v.(type) {
			case map[string]any:
				next = append(next, v[part])
			case []any:
				if part == "*" {
					next = append(next, v...)
				}
			}
		}
		at = next
	}
	var out []string
	for _, v := range at {
		switch v := v.(type) {
		case string:
			out = append(out, v)
		case bool:
			if v {
				out = append(out, "true")
			}
		case []any:
			if len(v) > 0 {
				out = append(out, "list")
			}
		}
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

// holds tells whether a step is one that is meant: each place has one of its values. A place that another step fills in
// has some value.
func holds(s workers.PlannedStep, v any, when map[string][]string) bool {
	for pointer, values := range when {
		have, filled := texts(v, pointer), slices.Contains(s.Bound, pointer)
		fits := slices.ContainsFunc(values, func(want string) bool {
			switch want {
			case "*":
				return filled || len(have) > 0
			case "":
				return !filled && len(have) == 0
			}
			return slices.Contains(have, want)
		})
		if !fits {
			return false
		}
	}
	return true
}

// projectIn is the project that a name holds: "projects/p/…", or p itself.
func projectIn(name string) string {
	rest, full := strings.CutPrefix(name, "projects/")
	if !full {
		return name
	}
	project, _, _ := strings.Cut(rest, "/")
	return project
}
