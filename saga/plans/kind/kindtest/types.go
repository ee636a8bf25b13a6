package kindtest

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/schemas"
)

// TypesAgree holds a kind's Go type for the data of one want and version against its schema, both ways: both are
// written by hand. Every field of the one is a field of the other, optional in both or in none, and every list and text
// has a limit. unions are types whose schema is more than one; the examples have to show them.
func TypesAgree(t *testing.T, name schemas.Name, data reflect.Type, unions ...reflect.Type) {
	t.Helper()
	raw, known := schemas.Intent(name.Kind, name.Want, name.Version)
	if !known {
		t.Fatalf("no schema for %v", name)
	}
	var root map[string]any
	if err := json.Unmarshal(raw, &root); err != nil {
		t.Fatal(err)
	}
	c := comparison{t: t, root: root, unions: unions}
	c.object(name.Want, data, root)
	if c.compared < 1 {
		t.Errorf("%v: nothing was compared", name)
	}
}

type comparison struct {
	t        *testing.T
	root     map[string]any
	unions   []reflect.Type
	compared int
}

// follow resolves a reference into the same document.
func (c *comparison) follow(schema map[string]any) map[string]any {
	ref, is := schema["$ref"].(string)
	if !is {
		return schema
	}
	at := c.root
	for token := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		at, _ = at[token].(map[string]any)
	}
	if at == nil {
		c.t.Fatalf("reference %s leads nowhere", ref)
	}
	return at
}

func (c *comparison) object(path string, typ reflect.Type, schema map[string]any) {
	properties, _ := schema["properties"].(map[string]any)
	if schema["additionalProperties"] != false {
		c.t.Errorf("%s: the schema lets unknown properties through", path)
	}
	required, _ := schema["required"].([]any)
	left := make(map[string]bool, len(properties))
	for name := range properties {
		left[name] = true
	}
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		sub, is := properties[name].(map[string]any)
		if !is {
			c.t.Errorf("%s.%s: the type has %q, the schema has not", path, f.Name, name)
			continue
		}
		delete(left, name)
		if must := slices.Contains(required, any(name)); must != (options == "") {
			c.t.Errorf("%s.%s: required in the schema: %v; written when empty by the type: %v", path, name, must,
				options == "")
		}
		c.value(path+"."+name, f.Type, c.follow(sub))
	}
	for name := range left {
		c.t.Errorf("%s: the schema has %q, the type has not", path, name)
	}
}

func (c *comparison) value(path string, typ reflect.Type, schema map[string]any) {
	c.compared++
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	kind := ""
	switch {
	case slices.Contains(c.unions, typ):
		return
	case reflect.PointerTo(typ).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()), typ.Kind() == reflect.String:
		kind = "string"
	case typ.Kind() == reflect.Struct:
		c.object(path, typ, schema)
		return
	case typ.Kind() == reflect.Slice:
		items, _ := schema["items"].(map[string]any)
		if schema["maxItems"] == nil || schema["uniqueItems"] != true {
			c.t.Errorf("%s: an array without a limit, or with repeats", path)
		}
		c.value(path+"[]", typ.Elem(), c.follow(items))
		return
	case typ.Kind() == reflect.Int:
		kind = "integer"
	case typ.Kind() == reflect.Bool:
		kind = "boolean"
	}
	if values, is := schema["enum"].([]any); is {
		for _, v := range values {
			if _, text := v.(string); text != (kind == "string") {
				c.t.Errorf("%s: the schema allows %v, the type is a %s", path, v, kind)
			}
		}
		return
	}
	if schema["type"] != kind {
		c.t.Errorf("%s: the schema says %v, the type %s", path, schema["type"], kind)
	}
	if kind == "string" && schema["maxLength"] == nil {
		c.t.Errorf("%s: text without a limit", path)
	}
}
