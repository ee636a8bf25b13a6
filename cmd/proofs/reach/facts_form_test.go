package reach

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events/reach"
)

// whole sets a value that has members and means one thing; it tells whether v is one.
func whole(v reflect.Value, cidr string, second int64) bool {
	switch one := v.Addr().Interface().(type) {
	case *reach.Ranges:
		*one = reach.RangesOf(netip.MustParsePrefix(cidr))
	case *netip.Prefix:
		*one = netip.MustParsePrefix(cidr)
	case *time.Time:
		*one = time.Unix(second, 0)
	default:
		return false
	}
	return true
}

// fill gives every member below a value something, lists one item.
func fill(v reflect.Value) {
	if whole(v, "10.0.0.0/8", 1) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Array:
		fill(v.Index(0))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
	default:
		alter(v)
	}
}

// alter gives a member another value.
func alter(v reflect.Value) {
	if whole(v, "10.9.0.0/16", 2) {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.Uint16:
		v.SetUint(v.Uint() + 1)
	}
}

// leaves are the ways to all members below a value that have no members.
func leaves(v reflect.Value) (ways [][]int) {
	below := func(i int, v reflect.Value) {
		for _, rest := range leaves(v) {
			ways = append(ways, append([]int{i}, rest...))
		}
	}
	switch v.Interface().(type) {
	case reach.Ranges, netip.Prefix, time.Time:
		return [][]int{nil}
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			below(i, v.Field(i))
		}
	case reflect.Slice, reflect.Array:
		below(0, v.Index(0))
	case reflect.Map:
	default:
		return [][]int{nil}
	}
	return ways
}

// at follows a way, and tells the names on it.
func at(v reflect.Value, way []int) (reflect.Value, string) {
	var names []string
	for _, i := range way {
		if v.Kind() == reflect.Struct {
			names = append(names, v.Type().Field(i).Name)
			v = v.Field(i)
			continue
		}
		v = v.Index(i)
	}
	return v, strings.Join(names, ".")
}

// TestEveryMemberIsCompared but for those that the form's comment names.
func TestEveryMemberIsCompared(t *testing.T) {
	filled := func() (w reach.World) {
		fill(reflect.ValueOf(&w).Elem())
		return w
	}
	w := filled()
	if d := differences(w, filled()); len(d) > 0 {
		t.Fatalf("a world differs from itself: %v", d)
	}
	var out []string
	ways := leaves(reflect.ValueOf(w))
	for _, way := range ways {
		other := filled()
		member, path := at(reflect.ValueOf(&other).Elem(), way)
		alter(member)
		_, last, _ := strings.Cut(path, ".")
		name := path[strings.LastIndex(path, ".")+1:]
		about := slices.Contains([]string{"Call", "Scope", "At"}, name)
		if len(differences(w, other)) == 0 && !about {
			out = append(out, last)
		}
	}
	slices.Sort(out)
	want := []string{"Dynamic.Items.Object", "Endpoints.Items.Object", "Firewall.Global.Items.Rules.Object",
		"Firewall.Hierarchical.Items.Rules.Object", "Firewall.Regional.Items.Rules.Object",
		"Firewall.Rules.Items.Object", "Firewall.System.Items.Rules.Object", "Hidden.Items.Object",
		"Names.Zones.Items.Object", "Routes.Items.Object", "Sets.Items.Rules.Object", "Table.Items.Object"}
	if len(ways) < 150 || !slices.Equal(out, want) {
		t.Errorf("of %d members these are not compared: %v\nwant %v", len(ways), out, want)
	}
}

// TestADifferenceNamesListAndItems, and a set that is the same in another order is none.
func TestADifferenceNamesListAndItems(t *testing.T) {
	route := func(to string, priority int64) reach.Route {
		return reach.Route{Object: to, Kind: reach.StaticRoute, Dst: netip.MustParsePrefix(to), Priority: priority}
	}
	world := func(all ...reach.Route) reach.World {
		return reach.World{Networks: []reach.Network{{Realm: "projects/p/global/networks/n",
			Routes: reach.WholeList(all...)}}}
	}
	a, b, c := route("10.0.0.0/8", 1), route("10.1.0.0/16", 1), route("10.1.0.0/16", 2)
	if d := differences(world(a, b), world(b, a)); len(d) > 0 {
		t.Errorf("in another order: %v", d)
	}
	d := differences(world(a, b), world(a, c))
	want := "n Routes: predicted {Kind:static Dst:10.1.0.0/16 Priority:1}, " +
		"observed {Kind:static Dst:10.1.0.0/16 Priority:2}"
	if len(d) != 1 || d[0].String() != want {
		t.Errorf("%v\nwant %s", d, want)
	}
	lacking := world(a)
	lacking.Networks[0].Routes.Whole = false
	if d := differences(world(a), lacking); len(d) != 1 || d[0].List != "n Routes as a list" {
		t.Errorf("a list that is not whole: %v", d)
	}
}
