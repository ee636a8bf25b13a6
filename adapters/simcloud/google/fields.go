package google

import (
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// value walks a JSON object by field names; nil when anything on the way is missing.
func value(d map[string]any, path ...string) any {
	var v any = d
	for _, field := range path {
		switch m := v.(type) {
		case map[string]any:
			v = m[field]
		case world.Doc:
			v = m[field]
		default:
			return nil
		}
	}
	return v
}

func str(d map[string]any, path ...string) string {
	s, _ := value(d, path...).(string)
	return s
}

func flag(d map[string]any, path ...string) bool {
	b, _ := value(d, path...).(bool)
	return b
}

// num reads a number that JSON carries as a number or, as Google's 64-bit integers, as a string.
func num(d map[string]any, path ...string) (int64, bool) {
	switch v := value(d, path...).(type) {
	case float64:
		return int64(v), true
	case int:
		return int64(v), true
	case int64:
		return v, true
	case string:
		n, err := strconv.ParseInt(v, 10, 64)
		return n, err == nil
	}
	return 0, false
}

func obj(d map[string]any, path ...string) map[string]any {
	switch m := value(d, path...).(type) {
	case map[string]any:
		return m
	case world.Doc:
		return m
	}
	return nil
}

func list(d map[string]any, path ...string) []any {
	l, _ := value(d, path...).([]any)
	return l
}

func strs(d map[string]any, path ...string) []string {
	var out []string
	for _, v := range list(d, path...) {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func objs(d map[string]any, path ...string) []map[string]any {
	var out []map[string]any
	for _, v := range list(d, path...) {
		if m, ok := v.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// defaults sets the fields that the document does not have.
func defaults(d, of map[string]any) {
	for k, v := range of {
		if _, ok := d[k]; !ok {
			d[k] = v
		}
	}
}

// without copies a document without some of its top-level fields.
func without(d map[string]any, fields ...string) world.Doc {
	out := make(world.Doc, len(d))
	for k, v := range d {
		out[k] = v
	}
	for _, f := range fields {
		delete(out, f)
	}
	return out
}

// withoutNulls copies a document without members that are null: in a new resource they say as much as absent ones.
func withoutNulls(d map[string]any) world.Doc {
	out := make(world.Doc, len(d))
	for k, v := range d {
		switch v := v.(type) {
		case nil:
		case map[string]any:
			out[k] = map[string]any(withoutNulls(v))
		case []any:
			entries := make([]any, 0, len(v))
			for _, e := range v {
				if inner, ok := e.(map[string]any); ok {
					e = map[string]any(withoutNulls(inner))
				}
				entries = append(entries, e)
			}
			out[k] = entries
		default:
			out[k] = v
		}
	}
	return out
}

// mergePatch applies RFC 7386 to a copy: objects merge, null removes, everything else, arrays too, replaces.
func mergePatch(d, patch map[string]any) world.Doc {
	out := without(d)
	for k, v := range patch {
		if v == nil {
			delete(out, k)
			continue
		}
		if change, ok := v.(map[string]any); ok {
			out[k] = map[string]any(mergePatch(obj(out, k), change))
			continue
		}
		out[k] = v
	}
	return out
}

// fingerprint is an eight-byte base64 mark of a value, as Google's fingerprints look.
func fingerprint(v any) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(world.Text(v))) // a hash never fails
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, h.Sum64()))
}

// stamp is a time as the recordings have it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
