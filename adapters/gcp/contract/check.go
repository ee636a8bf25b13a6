package contract

import (
	"encoding/base64"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// A check compares one JSON value with its schema and collects what is wrong.
type check struct {
	doc *document
	// method is set while a request is checked: output-only fields are wrong there and some fields required.
	method string
	// numbers says that enumerations may come as numbers ($alt=json;enum-encoding=int).
	numbers bool
	found   []string
}

func (c *check) wrong(path, format string, args ...any) {
	c.found = append(c.found, path+": "+fmt.Sprintf(format, args...))
}

// value checks v at path; null is no value.
func (c *check) value(path string, v any, p *property) {
	if p.Ref != "" {
		schema, ok := c.doc.Schemas[p.Ref]
		if !ok {
			c.wrong(path, "schema %s is not in the document", p.Ref)
			return
		}
		p = schema
	}
	if v == nil || p.Type == "any" {
		return
	}
	switch p.Type {
	case "object":
		c.object(path, v, p)
	case "array":
		list, ok := v.([]any)
		if !ok {
			c.wrong(path, "is %T, want an array", v)
			return
		}
		for i, item := range list {
			c.value(fmt.Sprintf("%s[%d]", path, i), item, p.Items)
		}
	default:
		c.scalar(path, v, p)
	}
}

func (c *check) object(path string, v any, p *property) {
	fields, ok := v.(map[string]any)
	if !ok {
		c.wrong(path, "is %T, want an object", v)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		at := path + "." + name
		field, known := p.Properties[name]
		switch {
		case known && c.method != "" && field.outputOnly():
			c.wrong(at, "is output only")
		case known:
			c.value(at, fields[name], field)
		case p.AdditionalProperties != nil:
			c.value(at, fields[name], p.AdditionalProperties)
		default:
			c.wrong(at, "is no field of the API")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Properties)) {
		if _, given := fields[name]; !given && c.method != "" &&
			slices.Contains(p.Properties[name].Annotations.Required, c.method) {
			c.wrong(path+"."+name, "is required by %s", c.method)
		}
	}
}

func (c *check) scalar(path string, v any, p *property) {
	switch p.Type {
	case "boolean":
		if _, ok := v.(bool); !ok {
			c.wrong(path, "is %T, want a boolean", v)
		}
	case "integer", "number":
		n, ok := v.(float64)
		if !ok {
			c.wrong(path, "is %T, want a number", v)
		} else if p.Type == "integer" && n != float64(int64(n)) {
			c.wrong(path, "is %v, want an integer", n)
		}
	case "string":
		s, ok := v.(string)
		switch {
		case ok:
			c.text(path, s, p)
		case c.numbers && len(p.Enum) > 0:
		default:
			c.wrong(path, "is %T, want a string", v)
		}
	default:
		c.wrong(path, "has the type %q, which this package does not know", p.Type)
	}
}

// text checks a string. The empty string is the unset value and always legal: a PSC rule must even send one.
func (c *check) text(path, s string, p *property) {
	if s == "" {
		return
	}
	if len(p.Enum) > 0 && !slices.Contains(p.Enum, s) {
		c.wrong(path, "is %q, want one of %d values of the API", s, len(p.Enum))
	}
	if p.Pattern != "" {
		if re, err := regexp.Compile(`^(?:` + p.Pattern + `)$`); err == nil && !re.MatchString(s) { // some are not RE2
			c.wrong(path, "is %q, want %s", s, p.Pattern)
		}
	}
	var err error
	switch p.Format {
	case "int64":
		_, err = strconv.ParseInt(s, 10, 64)
	case "uint64":
		_, err = strconv.ParseUint(s, 10, 64)
	case "byte":
		if _, err = base64.StdEncoding.DecodeString(s); err != nil {
			_, err = base64.URLEncoding.DecodeString(s)
		}
	case "google-datetime", "date-time":
		_, err = time.Parse(time.RFC3339Nano, s)
	}
	if err != nil {
		c.wrong(path, "is %q, want the format %s", s, p.Format)
	}
}
