package aviatrix

import (
	"bytes"
	"encoding/json"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// The kinds of documents. Names start with the controller's name and a slash.
const (
	kindGateway    = "gateway"
	kindAttachment = "transitAttachment"
	kindPeering    = "transitPeering"
	kindConnection = "connection"
	kindTag        = "fqdnTag"
	kindTagOn      = "fqdnAttachment"
	kindGlobal     = "flag"
	kindAppDomain  = "appDomain"
	kindRuleSet    = "ruleSet"
	kindPoint      = "attachmentPoint"
	kindSingleton  = "dcf"
	kindDomain     = "securityDomain"
	kindVPCRoute   = "vpcRoute"
	kindTask       = "task"
)

func toDoc(v any) world.Doc {
	text, err := json.Marshal(v)
	if err != nil {
		panic("store document: " + err.Error()) // every stored type is plain data
	}
	var doc world.Doc
	if err := json.Unmarshal(text, &doc); err != nil {
		panic("store document: " + err.Error())
	}
	return doc
}

func fromDoc[T any](doc world.Doc) T {
	var v T
	text, err := json.Marshal(doc)
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		panic("load document: " + err.Error()) // only toDoc writes them
	}
	return v
}

// load reads one document; ok tells whether it is there.
func load[T any](c *call, kind string, parts ...string) (v T, ok bool) {
	name := c.key(parts...)
	if known, is := c.known[kind+" "+name].(T); is {
		return known, true
	}
	doc, ok := c.tx.Get(Vendor, kind, name)
	if !ok {
		return v, false
	}
	v = fromDoc[T](doc)
	if c.known != nil {
		c.known[kind+" "+name] = v
	}
	return v, true
}

// all reads every document of a kind on this controller, sorted by name.
func all[T any](c *call, kind string, parts ...string) []T {
	prefix := c.key(append(parts, "")...)
	if known, is := c.known["all "+kind+" "+prefix].([]T); is {
		return known
	}
	var out []T
	for _, doc := range c.tx.Scan(Vendor, kind, prefix) {
		out = append(out, fromDoc[T](doc))
	}
	if c.known != nil {
		c.known["all "+kind+" "+prefix] = out
	}
	return out
}

// put writes a document as the caller's effect; writing what is there already is no effect.
func (c *call) put(kind string, v any, parts ...string) {
	name, doc := c.key(parts...), toDoc(v)
	if old, ok := c.tx.Get(Vendor, kind, name); ok && same(old, doc) {
		return
	}
	c.tx.Put(world.Effect{Vendor: Vendor, Call: c.name, Kind: kind, Name: name}, doc)
}

// quiet writes a document as something the controller does by itself.
func (c *call) quiet(kind string, v any, parts ...string) {
	name, doc := c.key(parts...), toDoc(v)
	if old, ok := c.tx.Get(Vendor, kind, name); ok && same(old, doc) {
		return
	}
	c.tx.QuietPut(Vendor, kind, name, doc)
}

func (c *call) remove(kind string, parts ...string) {
	c.tx.Delete(world.Effect{Vendor: Vendor, Call: c.name, Kind: kind, Name: c.key(parts...)})
}

func same(a, b world.Doc) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
