package google

import (
	"strconv"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// collection is what all Compute resources share: insert, get, list, delete, patch, setLabels, with operations and
// request ids. The functions are a kind's own rules; nil ones do nothing.
type collection struct {
	kind     string // path segment and kind of the stored documents: "addresses"
	call     string // prefix of the call ids: "globalAddresses"
	scope    string // path of the scope, with wildcards
	object   string // "compute#address"
	singular string // in messages: "address"
	schema   schema
	took     durations

	insertType func(world.Doc) string // operationType; nil = "insert"
	deleteType func(world.Doc) string // nil = "delete"
	// checks the body and completes the document; nil = no insert
	build    func(*request) (world.Doc, *refusal)
	inserted func(r *request, name string, took time.Duration)     // what happens after the insert
	user     func(r *request, name string, doc world.Doc) string   // who uses it; "" = nobody
	keep     func(r *request, name string, doc world.Doc) *refusal // why it cannot be deleted, besides its users
	deleted  func(r *request, name string, doc world.Doc)          // what happens with the delete
	patch    func(r *request, old world.Doc) (world.Doc, *refusal) // nil = no patch
	patched  func(r *request, name string, doc world.Doc)          // what happens after the patch
	view     func(r *request, name string, doc world.Doc)          // fields that are computed when read
	labels   bool
	usedLate bool // only the operation of a delete tells that somebody uses it
}

type durations struct{ insert, delete, patch time.Duration }

func (c collection) methods() []method {
	path := c.scope + "/" + c.kind
	out := []method{
		{pattern: "GET " + path, call: c.call + ".list", run: c.list},
		{pattern: "GET " + path + "/{name}", call: c.call + ".get", run: c.read},
	}
	if c.build != nil {
		out = append(out,
			method{pattern: "POST " + path, call: c.call + ".insert", body: c.schema, named: "name", operation: true,
				run: c.insert},
			method{pattern: "DELETE " + path + "/{name}", call: c.call + ".delete", operation: true, run: c.delete})
	}
	if c.patch != nil {
		out = append(out, method{pattern: "PATCH " + path + "/{name}", call: c.call + ".patch", body: c.schema,
			operation: true, run: c.change})
	}
	if c.labels {
		out = append(out, method{pattern: "POST " + path + "/{name}/setLabels", call: c.call + ".setLabels",
			body:      labelSchema,
			operation: true, run: c.setLabels})
	}
	return out
}

func (c collection) full(r *request) string { return r.scope() + "/" + c.kind + "/" + r.name }

func (c collection) read(r *request) (world.Doc, *refusal) {
	doc, ok := r.get(c.kind, c.full(r))
	if !ok && c.kind == "serviceAttachments" {
		return nil, missingAttachment(c.full(r))
	}
	if !ok {
		return nil, notFound(c.full(r))
	}
	if c.view != nil {
		c.view(r, c.full(r), doc)
	}
	return doc, nil
}

func (c collection) list(r *request) (world.Doc, *refusal) {
	entries := r.tx.List(vendor, c.kind, r.scope()+"/"+c.kind+"/")
	return r.page(c.object+"List", entries, func(e world.Entry) {
		if c.view != nil {
			c.view(r, e.Name, e.Doc)
		}
	})
}

func (c collection) insert(r *request) (world.Doc, *refusal) {
	if doc, bad, ok := r.repeated(); ok {
		return doc, bad
	}
	if !computeName.MatchString(r.name) {
		return nil, invalid("resource.name", r.name, "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'")
	}
	name := c.full(r)
	if r.tx.Has(vendor, c.kind, name) {
		return nil, alreadyExists(name)
	}
	if bad := r.checkLocation(r.region, name); bad != nil && r.region != "" {
		return nil, bad
	}
	r.body = withoutNulls(r.body)
	doc, bad := c.build(r)
	if bad != nil {
		return nil, bad
	}
	r.identify(doc, c.object, name)
	o := op{typ: "insert", target: name, id: str(doc, "id"), took: c.took.insert}
	if c.insertType != nil {
		o.typ = c.insertType(doc)
	}
	return r.accept(o, func() {
		r.tx.Put(r.effect(c.kind, name, doc), doc)
		if c.inserted != nil {
			c.inserted(r, name, o.took)
		}
	})
}

// identify sets what the server gives every new resource.
func (r *request) identify(doc world.Doc, object, name string) {
	doc["kind"], doc["name"], doc["selfLink"] = object, base(name), link(name)
	doc["id"] = strconv.FormatUint(r.tx.ID(), 10)
	doc["creationTimestamp"] = r.now()
	if r.region != "" {
		doc["region"] = link("projects/" + r.project + "/regions/" + r.region)
	}
}

func (c collection) delete(r *request) (world.Doc, *refusal) {
	if doc, bad, ok := r.repeated(); ok {
		return doc, bad
	}
	name := c.full(r)
	doc, ok := r.get(c.kind, name)
	if !ok {
		return nil, notFound(name)
	}
	// guess: a second delete while the first runs is "not ready", not a second operation.
	if r.tx.Has(vendor, "deletions", name) {
		return nil, notReady(name)
	}
	if c.user != nil {
		if by := c.user(r, name, doc); by != "" && c.usedLate {
			return r.usedInside(op{typ: "delete", target: name, id: str(doc, "id"), took: c.took.delete},
				inUse(c.singular, name, by)), nil
		} else if by != "" {
			return nil, inUse(c.singular, name, by)
		}
	}
	if c.keep != nil {
		if bad := c.keep(r, name, doc); bad != nil {
			return nil, bad
		}
	}
	o := op{typ: "delete", target: name, id: str(doc, "id"), took: c.took.delete}
	if c.deleteType != nil {
		o.typ = c.deleteType(doc)
	}
	return r.accept(o, func() {
		r.tx.Note(r.effect(c.kind, name, doc), "delete")
		r.tx.QuietPut(vendor, "deletions", name, world.Doc{"since": r.now()})
		r.laterDelete(o.took, c.kind, name)
		r.laterDelete(o.took, "deletions", name)
		if c.deleted != nil {
			c.deleted(r, name, doc)
		}
	})
}

func (c collection) change(r *request) (world.Doc, *refusal) {
	if doc, bad, ok := r.repeated(); ok {
		return doc, bad
	}
	name := c.full(r)
	old, ok := r.get(c.kind, name)
	if !ok {
		return nil, notFound(name)
	}
	doc, bad := c.patch(r, old)
	if bad != nil {
		return nil, bad
	}
	return r.accept(op{typ: "patch", target: name, id: str(doc, "id"), took: c.took.patch}, func() {
		r.tx.Put(r.effect(c.kind, name, doc), doc)
		if c.patched != nil {
			c.patched(r, name, doc)
		}
	})
}

// setLabels is checked by the label fingerprint and done at once, as recorded.
func (c collection) setLabels(r *request) (world.Doc, *refusal) {
	if doc, bad, ok := r.repeated(); ok {
		return doc, bad
	}
	name := c.full(r)
	doc, ok := r.get(c.kind, name)
	if !ok {
		return nil, notFound(name)
	}
	if given := str(r.body, "labelFingerprint"); given != str(doc, "labelFingerprint") {
		return nil, staleFingerprint("Labels fingerprint either invalid or resource labels have changed")
	}
	doc["labels"] = obj(r.body, "labels")
	if len(obj(r.body, "labels")) == 0 {
		delete(doc, "labels")
	}
	doc["labelFingerprint"] = fingerprint(doc["labels"])
	return r.accept(op{typ: "setLabels", target: name, id: str(doc, "id")}, func() {
		r.tx.Put(r.effect(c.kind, name, doc), doc)
	})
}

// owner is the vendor's own place for a note of whose it is: the description, else the labels as sorted JSON.
func owner(doc world.Doc) string {
	if d := str(doc, "description"); d != "" {
		return d
	}
	if l := obj(doc, "labels"); len(l) > 0 {
		return world.Text(l)
	}
	return ""
}
