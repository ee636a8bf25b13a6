package intake

import (
	"mime"
	"net/url"
	"strconv"
	"strings"

	"github.com/culvertnet/culvert/events"
)

// maxBatch is the most events of one batch.
const maxBatch = 100

// attributePrefix begins the headers that carry attributes in binary mode, in any case (HTTP, NATS, Pub/Sub).
const attributePrefix = "ce-"

// The content types of the three modes (CloudEvents JSON format 1.0.2, sections 3 and 4).
const (
	typeStructured = "application/cloudevents+json"
	typeBatch      = "application/cloudevents-batch+json"
	typeData       = "application/json"
)

func readMessage(header map[string]string, body []byte) (trees, *events.Refusal) {
	attributes, contentType, refusal := splitHeader(header)
	if refusal != nil {
		return nil, refusal
	}
	if contentType == "" && len(attributes) == 0 {
		contentType = typeStructured
	}
	media, parameters, err := mime.ParseMediaType(contentType)
	charset, hasCharset := parameters["charset"]
	switch {
	case contentType != "" && err != nil:
		return nil, events.NewRefusal("datacontenttype", "content-type", "content type %q: %v", clip(contentType), err)
	case hasCharset && !strings.EqualFold(charset, "utf-8"):
		return nil, events.NewRefusal("datacontenttype", "content-type", "charset %q: only UTF-8 is read",
			clip(charset))
	case media == typeStructured:
		root, violations := readStrict(body)
		return asTrees([]any{root}, violations, ""), nil
	case media == typeBatch:
		return readBatch(body)
	case len(attributes) == 0 || media != typeData:
		return nil, events.NewRefusal("datacontenttype", "content-type",
			"content type %q: want %s, %s, or %s with %s headers",
			clip(contentType), typeStructured, typeBatch, typeData, attributePrefix)
	}
	return readBinary(attributes, body)
}

// splitHeader picks the attributes and the content type out of the headers.
func splitHeader(header map[string]string) (map[string]string, string, *events.Refusal) {
	attributes := map[string]string{}
	contentType, typed := "", false
	for name, value := range header {
		lower := strings.ToLower(name)
		attribute, isAttribute := strings.CutPrefix(lower, attributePrefix)
		if lower == "content-type" || attribute == "datacontenttype" && isAttribute {
			if typed && contentType != value {
				return nil, "", events.NewRefusal("datacontenttype", "duplicate-attribute",
					"the content type is there twice: %q and %q", clip(contentType), clip(value))
			}
			contentType, typed = value, true
			continue
		}
		if !isAttribute {
			continue
		}
		if _, twice := attributes[attribute]; twice {
			return nil, "", events.NewRefusal(attribute, "duplicate-attribute", "the header %s is there more than once",
				name)
		}
		if attribute == "data" {
			return nil, "", events.NewRefusal(
				attribute, "extension", "the data of a binary message is its body, not a header",
			)
		}
		attributes[attribute] = value
	}
	return attributes, contentType, nil
}

func readBatch(body []byte) (trees, *events.Refusal) {
	tree, violations := readStrict(body)
	if tree == nil && len(violations) > 0 {
		return nil, clipped(violations)
	}
	list, isList := tree.([]any)
	if !isList || len(list) == 0 || len(list) > maxBatch {
		return nil, events.NewRefusal("", "batch", "a batch is an array of 1 to %d events", maxBatch)
	}
	return asTrees(list, violations, "/"), nil
}

// asTrees takes roots for events. Violations of the reader are of the whole text; in a batch their fields name the
// place.
func asTrees(roots []any, violations []events.Violation, place string) trees {
	ts := make(trees, 0, len(roots))
	for i, root := range roots {
		t := &tree{}
		if place != "" {
			t.at = place + strconv.Itoa(i)
		}
		for _, v := range violations {
			if field, mine := strings.CutPrefix(v.Field+"/", t.at+"/"); mine {
				t.violations = append(t.violations, events.Violation{
					Field: strings.TrimSuffix("/"+field, "/"), Rule: v.Rule, Message: v.Message,
				})
			}
		}
		var isObject bool
		if t.root, isObject = root.(map[string]any); !isObject && len(t.violations) == 0 {
			t.note("", "json", "an event is a JSON object")
		}
		ts = append(ts, t)
	}
	return ts
}

func readBinary(attributes map[string]string, body []byte) (trees, *events.Refusal) {
	data, violations := readStrict(body)
	t := &tree{root: map[string]any{"datacontenttype": typeData}}
	if t.unread = data == nil && len(violations) > 0; !t.unread {
		t.root["data"] = data
	}
	for _, v := range violations {
		t.violations = append(
			t.violations, events.Violation{Field: "/data" + v.Field, Rule: v.Rule, Message: v.Message},
		)
	}
	size := len(body)
	for name, value := range attributes {
		size += len(name) + len(value)
		plain, err := url.PathUnescape(value) // CloudEvents HTTP binding 3.1.3.2
		if err != nil {
			return nil, events.NewRefusal(name, "percent-encoding", "header %s%s: %v", attributePrefix, name, err)
		}
		text := strictReader{}
		text.text(plain, name)
		t.violations = append(t.violations, text.violations...)
		t.root[name] = plain
	}
	if size > MaxEvent {
		return nil, events.NewRefusal("", "too-large", "%d bytes, more than %d", size, MaxEvent)
	}
	return trees{t}, nil
}
