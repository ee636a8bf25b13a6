package saga

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// unmarshalUse decodes JSON with numbers kept as written, so that rendering an input never rounds one.
func unmarshalUse(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(v)
}

// pointerGet reads a JSON pointer (RFC 6901, without escapes: our field names have no slash or tilde).
func pointerGet(v any, path string) (any, bool) {
	for _, part := range pointerParts(path) {
		switch t := v.(type) {
		case map[string]any:
			next, ok := t[part]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(t) {
				return nil, false
			}
			v = t[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// pointerSet writes a JSON pointer, making objects on the way where the input omitted them.
func pointerSet(v *any, path string, value any) error {
	parts := pointerParts(path)
	if len(parts) == 0 {
		*v = value
		return nil
	}
	switch t := (*v).(type) {
	case nil:
		m := map[string]any{}
		*v = m
		return pointerSetIn(m, parts, value)
	case map[string]any:
		return pointerSetIn(t, parts, value)
	case []any:
		i, err := strconv.Atoi(parts[0])
		if err != nil || i < 0 || i >= len(t) {
			return fmt.Errorf("set %s: no such element", path)
		}
		return pointerSet(&t[i], "/"+strings.Join(parts[1:], "/"), value)
	}
	return fmt.Errorf("set %s: %T has no fields", path, *v)
}

func pointerSetIn(m map[string]any, parts []string, value any) error {
	child := m[parts[0]]
	rest := ""
	if len(parts) > 1 {
		rest = "/" + strings.Join(parts[1:], "/")
	}
	if err := pointerSet(&child, rest, value); err != nil {
		return err
	}
	m[parts[0]] = child
	return nil
}

func pointerParts(path string) []string {
	path = strings.Trim(path, "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}
