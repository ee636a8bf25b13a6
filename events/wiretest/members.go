package wiretest

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Members lists the JSON members of a type, one "<path> <kind>" for each, sorted. A member without a tag is listed with
// the kind "untagged": its name on the wire is its Go name, and a rename in Go would change the wire. The members of a
// type that is met again below itself are listed once.
func Members(name string, of reflect.Type) []string {
	var all []string
	members(name, of, nil, &all)
	slices.Sort(all)
	return slices.Compact(all)
}

func members(path string, t reflect.Type, above []reflect.Type, all *[]string) {
	kind := kindOf(t)
	switch kind {
	case "object":
		if slices.Contains(above, t) {
			return
		}
		for field := range fields(t) {
			tag, tagged := field.Tag.Lookup("json")
			member, _, _ := strings.Cut(tag, ",")
			switch {
			case member == "-":
			case member != "":
				members(path+"."+member, indirect(field.Type), append(above, t), all)
			case field.Anonymous && indirect(field.Type).Kind() == reflect.Struct && !tagged:
				members(path, indirect(field.Type), append(above, t), all)
			default:
				*all = append(*all, path+"."+field.Name+" untagged")
			}
		}
	case "list":
		members(path+"[]", indirect(t.Elem()), above, all)
	case "map":
		members(path+"{}", indirect(t.Elem()), above, all)
	default:
		*all = append(*all, path+" "+kind)
	}
}

// fields are the fields of a struct that encoding/json sees.
func fields(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if f := t.Field(i); (f.IsExported() || f.Anonymous) && !yield(f) {
				return
			}
		}
	}
}

// kindOf is how encoding/json writes a type.
func kindOf(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "time"
	case t == reflect.TypeFor[json.RawMessage]():
		return "any"
	case t.Implements(reflect.TypeFor[json.Marshaler]()):
		return "custom"
	case t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return "string"
	}
	switch t.Kind() {
	case reflect.Struct:
		return "object"
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return "base64"
		}
		return "list"
	case reflect.Map:
		return "map"
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "bool"
	case reflect.Float32, reflect.Float64:
		return "number"
	case reflect.Interface:
		return "any"
	default:
		if t.ConvertibleTo(reflect.TypeFor[int64]()) {
			return "integer"
		}
		return fmt.Sprintf("unknown (%s)", t)
	}
}

func indirect(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}
