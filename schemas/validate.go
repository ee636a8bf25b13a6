package schemas

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/culvertnet/culvert/events/pointer"
)

// A Problem is one place where a document breaks its schema.
type Problem struct {
	// Pointer is the JSON pointer of the place, "" for the whole document. Of a missing or unknown property it is the
	// pointer that the property has, or would have.
	Pointer string
	// Keyword is the JSON Schema keyword that is broken: "required", "pattern", "additionalProperties", …
	Keyword string
	// Message is for people.
	Message string
}

// ValidateEnvelope checks a whole event, as decoded by encoding/json with UseNumber. It lists every problem (at most
// a thousand), sorted by place. It is safe for concurrent use.
func ValidateEnvelope(event any) []Problem {
	return validate(envelopeFile, event)
}

// ValidateIntent checks the data of an intent likewise. It tells known=false when there is no such schema.
func ValidateIntent(n Name, data any) (problems []Problem, known bool) {
	if _, known := compiled().schemas[n.file()]; !known {
		return nil, false
	}
	return validate(n.file(), data), true
}

// base is where the schemas' ids live. Nothing is ever fetched from there.
const base = "https://culvertnet.github.io/culvert/schemas/"

type library struct {
	schemas   map[string]*jsonschema.Schema
	documents map[string]any
}

// compiled is the compiled form of the embedded files, made at first use. They do not change, so neither does it.
var compiled = sync.OnceValue(func() library {
	names := []string{envelopeFile}
	for _, n := range List() {
		names = append(names, n.file())
	}
	lib := library{schemas: map[string]*jsonschema.Schema{}, documents: map[string]any{}}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	for _, name := range names {
		raw, _ := read(name)
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			panic(fmt.Sprintf("parse embedded schema %s: %v", name, err)) // a fault of the binary, found by any test
		}
		if err := compiler.AddResource(base+name, doc); err != nil {
			panic(fmt.Sprintf("add embedded schema %s: %v", name, err))
		}
		lib.documents[base+name] = doc
		lib.schemas[name] = compiler.MustCompile(base + name)
	}
	return lib
})

func validate(file string, doc any) []Problem {
	err := compiled().schemas[file].Validate(doc)
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return nil
	}
	// The printer is not safe for concurrent use, and dear to make: one for each run.
	c := collector{printer: message.NewPrinter(language.English)}
	c.collect(invalid)
	slices.SortFunc(c.problems, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.Pointer, b.Pointer), strings.Compare(a.Keyword, b.Keyword),
			strings.Compare(a.Message, b.Message))
	})
	return slices.Compact(c.problems)
}

// maxProblems ends a list that nobody would read to its end.
const maxProblems = 1000

type collector struct {
	printer  *message.Printer
	problems []Problem
}

func (c *collector) add(p Problem) {
	if len(c.problems) < maxProblems {
		c.problems = append(c.problems, p)
	}
}

// collect turns the validator's tree of errors into a list of its leaves: only they say what is wrong.
func (c *collector) collect(e *jsonschema.ValidationError) {
	at := pointer.Of(e.InstanceLocation...)
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			c.add(Problem{at + pointer.Of(name), "required", fmt.Sprintf("property %q is missing", name)})
		}
		return
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			c.add(Problem{
				at + pointer.Of(name), "additionalProperties", fmt.Sprintf("property %q is not known here", name),
			})
		}
		return
	case *kind.FalseSchema:
		c.add(Problem{at, "additionalProperties", "the property does not belong to this form"})
		return
	}
	if len(e.Causes) == 0 && len(c.problems) < maxProblems {
		c.add(c.leaf(at, e))
	}
	for _, cause := range e.Causes {
		c.collect(cause)
	}
}

func (c *collector) leaf(at string, e *jsonschema.ValidationError) Problem {
	p := Problem{Pointer: at, Keyword: "schema", Message: e.ErrorKind.LocalizedString(c.printer)}
	if path := e.ErrorKind.KeywordPath(); len(path) > 0 {
		p.Keyword = path[0]
	}
	if _, broken := e.ErrorKind.(*kind.Pattern); broken {
		if text := describe(e.SchemaURL); text != "" {
			p.Message += ": " + text
		}
	}
	return p
}

// describe finds the "description" beside the keyword that was broken: a pattern alone tells people too little.
func describe(schemaURL string) string {
	file, fragment, _ := strings.Cut(schemaURL, "#")
	place, err := url.PathUnescape(fragment)
	if err != nil {
		return ""
	}
	at, _ := pointer.Get(compiled().documents[file], place)
	object, _ := at.(map[string]any)
	text, _ := object["description"].(string)
	return text
}
