package reach

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events/reach"
)

// A form is a world in one spelling: the items of each list by the list's path, as a set. It has every member of the
// model's facts by reflection, so that a new one is compared before anybody thinks of it. Left out are, and no others:
//
//   - Listing.Call, Scope and At: which call told the list, and when. They are about the reading, not about the world.
//   - Object of what steps make: routes, endpoints, zones, firewall rules, rules of a rule set, and hidden subnetworks.
//     The name is the vendor's or ours, the plan does not know it, and the model decides nothing by it. That of a
//     subnetwork, a policy, a rule set and a tag is compared, because questions and effects name them.
type form map[string][]string

// partial says of a list that it is not whole.
const partial = "not whole"

// unnamed are the types whose Object is left out.
var unnamed = []reflect.Type{
	reflect.TypeFor[reach.Route](), reflect.TypeFor[reach.Endpoint](), reflect.TypeFor[reach.Zone](),
	reflect.TypeFor[reach.Rule](), reflect.TypeFor[reach.WebRule](),
}

// A difference is what of one list was predicted and not observed, or the other way round.
type difference struct {
	List                string
	Predicted, Observed []string
}

func (d difference) String() string {
	say := func(list []string) string {
		if len(list) == 0 {
			return "nothing"
		}
		return strings.Join(list, " and ")
	}
	return fmt.Sprintf("%s: predicted %s, observed %s", d.List, say(d.Predicted), say(d.Observed))
}

// differences compares two worlds.
func differences(predicted, observed reach.World) []difference {
	was, is := formOf(predicted), formOf(observed)
	var paths []string
	for _, f := range []form{was, is} {
		for path := range f {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	var out []difference
	for _, path := range slices.Compact(paths) {
		d := difference{path, without(was[path], is[path]), without(is[path], was[path])}
		if len(d.Predicted)+len(d.Observed) > 0 {
			out = append(out, d)
		}
	}
	return out
}

func without(list, gone []string) (left []string) {
	for _, one := range list {
		if !slices.Contains(gone, one) && !slices.Contains(left, one) {
			left = append(left, one)
		}
	}
	return left
}

// formOf spells a world.
func formOf(w reach.World) form {
	f := form{}
	for _, n := range w.Networks {
		f.members(base(string(n.Realm)), reflect.ValueOf(n))
	}
	for _, g := range w.Gateways {
		f.members("gateway "+g.Name, reflect.ValueOf(g))
	}
	for _, c := range w.Controllers {
		f.members("controller "+c.Name, reflect.ValueOf(c))
	}
	for _, s := range w.Sites {
		f.members(string(s.Realm), reflect.ValueOf(s))
	}
	f["settled"] = []string{fmt.Sprint(w.Settled)}
	return f
}

func base(name string) string { return name[strings.LastIndex(name, "/")+1:] }

// members spells a thing: its lists below their paths, and the rest as one item.
func (f form) members(path string, v reflect.Value) {
	var rest []string
	for i := range v.NumField() {
		name, one := v.Type().Field(i).Name, v.Field(i)
		switch {
		case isListing(one.Type()):
			f.list(path+" "+name, one)
		case one.Kind() == reflect.Struct && !spells(one) && hasListing(one.Type()):
			f.members(path+" "+name, one)
		default:
			rest = append(rest, named(name, one)...)
		}
	}
	f[path] = append(f[path], strings.Join(rest, " "))
}

// list spells a listing. Rules of a policy or of a rule set are a list of their own, below its name; the order of lists
// that are asked one after the other counts.
func (f form) list(path string, v reflect.Value) {
	items := v.FieldByName("Items")
	whole := "whole"
	if !v.FieldByName("Whole").Bool() {
		whole = partial
	}
	f[path+" as a list"] = append([]string{whole}, texts(v.FieldByName("Gaps"))...)
	f[path] = nil
	for i := range items.Len() {
		item := items.Index(i)
		rules := reflect.Value{}
		if item.Kind() == reflect.Struct {
			rules = item.FieldByName("Rules")
		}
		if !rules.IsValid() || item.Type() == reflect.TypeFor[reach.Tag]() {
			text := spell(item)
			if strings.HasSuffix(path, " Hidden") { // whose name is its connector's
				text = spell(lacking(item, "Object"))
			}
			f[path] = append(f[path], text)
			continue
		}
		object := item.FieldByName("Object").String()
		f[path] = append(f[path], fmt.Sprintf("%d: %s", i, spell(lacking(item, "Rules"))))
		f[path+" "+object] = texts(rules)
	}
}

// lacking is an item without one of its members.
func lacking(item reflect.Value, member string) reflect.Value {
	out := reflect.New(item.Type()).Elem()
	out.Set(item)
	out.FieldByName(member).SetZero()
	return out
}

func isListing(t reflect.Type) bool { return strings.HasPrefix(t.Name(), "Listing[") }

func hasListing(t reflect.Type) bool {
	for i := range t.NumField() {
		if isListing(t.Field(i).Type) {
			return true
		}
	}
	return false
}

// spells tells what has a spelling of its own.
func spells(v reflect.Value) bool { _, is := v.Interface().(fmt.Stringer); return is }

// texts spells each item of a list, in the order of the texts.
func texts(v reflect.Value) []string {
	var out []string
	for i := range v.Len() {
		out = append(out, spell(v.Index(i)))
	}
	slices.Sort(out)
	return out
}

// spell spells one value. What is zero is left out of a struct.
func spell(v reflect.Value) string {
	switch {
	case spells(v):
		return v.Interface().(fmt.Stringer).String()
	case isListing(v.Type()):
		return spell(v.FieldByName("Items")) + fmt.Sprintf("whole:%t", v.FieldByName("Whole").Bool())
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		return "[" + strings.Join(texts(v), " ") + "]"
	case reflect.Struct:
		var members []string
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			if name != "Object" || !slices.Contains(unnamed, v.Type()) {
				members = append(members, named(name, v.Field(i))...)
			}
		}
		return "{" + strings.Join(members, " ") + "}"
	default:
		return fmt.Sprint(v.Interface())
	}
}

func named(name string, v reflect.Value) []string {
	if v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0 {
		return nil
	}
	text := spell(v)
	if text == "none" || text == "{}" { // ranges and spans with nothing in them
		return nil
	}
	return []string{name + ":" + text}
}
