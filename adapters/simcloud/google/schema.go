package google

import (
	"fmt"
	"reflect"
	"strings"

	"google.golang.org/api/compute/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"encoding/json"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// schema checks a request's body against the API's own types and returns it in canonical form.
type schema func(world.Doc) (world.Doc, *refusal)

// structSchema checks against a type generated from the discovery document: unknown fields and wrong JSON types are
// refused.
func structSchema[T any]() schema {
	t := reflect.TypeFor[T]()
	return func(doc world.Doc) (world.Doc, *refusal) {
		if bad := checkObject(map[string]any(doc), t, ""); bad != nil {
			return nil, bad
		}
		return doc, nil
	}
}

// protoSchema checks against the API's protobuf message, which also turns enum numbers (the Go clients of the newer
// APIs send them) into names.
func protoSchema(empty proto.Message) schema {
	return func(doc world.Doc) (world.Doc, *refusal) {
		raw, err := json.Marshal(doc)
		if err != nil {
			return nil, badRequest("Invalid JSON payload received.")
		}
		m := proto.Clone(empty)
		if err := protojson.Unmarshal(raw, m); err != nil {
			return nil, badRequest("Invalid JSON payload received. %s", strings.ReplaceAll(err.Error(), "\u00a0", " "))
		}
		raw, err = protojson.Marshal(m)
		if err != nil {
			return nil, badRequest("Invalid JSON payload received.")
		}
		out := world.Doc{}
		if err := json.Unmarshal(raw, &out); err != nil {
			return nil, badRequest("Invalid JSON payload received.")
		}
		return out, nil
	}
}

// typeOfRule is a rule of a firewall policy, for scenarios.
var typeOfRule = reflect.TypeFor[compute.FirewallPolicyRule]()

func checkValue(v any, t reflect.Type, path string) *refusal {
	if v == nil {
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return checkValue(v, t.Elem(), path)
	case reflect.Interface:
		return nil
	case reflect.Struct:
		m, ok := v.(map[string]any)
		if !ok {
			return mismatch(path, v)
		}
		return checkObject(m, t, path)
	case reflect.Map:
		m, ok := v.(map[string]any)
		if !ok {
			return mismatch(path, v)
		}
		for k, e := range m {
			if bad := checkValue(e, t.Elem(), path+"."+k); bad != nil {
				return bad
			}
		}
		return nil
	case reflect.Slice:
		return checkSlice(v, t, path)
	}
	return checkScalar(v, t, path)
}

func checkSlice(v any, t reflect.Type, path string) *refusal {
	if t.Elem().Kind() == reflect.Uint8 { // raw JSON
		return nil
	}
	l, ok := v.([]any)
	if !ok {
		return mismatch(path, v)
	}
	for i, e := range l {
		if bad := checkValue(e, t.Elem(), fmt.Sprintf("%s[%d]", path, i)); bad != nil {
			return bad
		}
	}
	return nil
}

func checkScalar(v any, t reflect.Type, path string) *refusal {
	ok := true
	switch t.Kind() {
	case reflect.String:
		_, ok = v.(string)
	case reflect.Bool:
		_, ok = v.(bool)
	default: // numbers: Google takes them as strings too
		switch v.(type) {
		case float64, string:
		default:
			ok = false
		}
	}
	if !ok {
		return mismatch(path, v)
	}
	return nil
}

func checkObject(m map[string]any, t reflect.Type, path string) *refusal {
	fields := make(map[string]reflect.Type, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if tag != "" && tag != "-" {
			fields[tag] = f.Type
		}
	}
	for k, v := range m {
		ft, known := fields[k]
		if !known {
			return badRequest("Invalid JSON payload received. Unknown name %q%s: Cannot find field.", k, at(path))
		}
		if bad := checkValue(v, ft, strings.TrimPrefix(path+"."+k, ".")); bad != nil {
			return bad
		}
	}
	return nil
}

func at(path string) string {
	if path == "" {
		return ""
	}
	return fmt.Sprintf(" at 'resource.%s'", path)
}

func mismatch(path string, v any) *refusal {
	return badRequest("Invalid value at 'resource.%s', %s", path, world.Text(v))
}

// firstSchema takes the body that one of the schemas takes; the last one words the refusal.
func firstSchema(schemas ...schema) schema {
	return func(doc world.Doc) (world.Doc, *refusal) {
		var out world.Doc
		var bad *refusal
		for _, s := range schemas {
			if out, bad = s(doc); bad == nil {
				return out, nil
			}
		}
		return nil, bad
	}
}
