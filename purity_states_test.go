package culvert_test

// impureStates has one source for each clause about state that lasts and about order, and one for each way around it.
const impureStates = `-- init: init, package variable --
var x int

func init() { x = 1 }

-- a counter: import, impure name, package variable, impure method --
import "sync/atomic"

var n atomic.Int64

func f() { n.Add(1) }

-- a variable assigned: package variable --
var n int

func f() { n = 1 }

-- a variable counted up: package variable --
var n int

func f() { n++ }

-- a variable by a range: package variable --
var n int

func f() {
	for n = range 3 {
	}
}

-- a field of a variable: package variable --
var n struct{ x int }

func f() { n.x = 1 }

-- the address of a variable: package variable --
var n int

func f() *int { return &n }

-- a variable behind a pointer: package variable --
type t struct{ n int }

var x = &t{}

func f() { x.n++ }

-- a method that changes a variable: package variable --
type t int

func (x *t) add() { *x++ }

var n t

func f() { n.add() }

-- a method value that changes a variable: package variable --
type t int

func (x *t) add() { *x++ }

var n t

var f = n.add

-- a map that is written: package variable --
var m = map[string]int{}

func f() { m["x"] = 1 }

-- a map that is deleted from: package variable --
var m = map[string]int{}

func f() { delete(m, "x") }

-- a map by another name: package variable --
var m = map[string]int{}

func f() { x := m; x["x"] = 1 }

-- a map that is given out: package variable --
var m = map[string]int{}

func f() map[string]int { return m }

-- a map that a function writes: package variable --
var m = map[string]int{}

func f() { g(m) }

func g(x map[string]int) { x["x"] = 1 }

-- a slice that is sorted in place: package variable --
import "slices"

var s = []int{2, 1}

func f() { slices.Sort(s) }

-- a slice that is appended over: package variable --
var s = []int{2, 1}

func f() []int { return append(s[:0], 1) }

-- state in a closure: package variable --
var next = func() func(int) int { n := 0; return func(by int) int { n += by; return n } }()

-- state in a made closure: package variable --
var next = counter()

func counter() func(int) int { n := 0; return func(by int) int { n += by; return n } }

-- state behind an interface: package variable --
type t interface{ add() }

var x any = 1

-- somebody else's variable: impure name, package variable --
import "time"

func f() { time.Local = time.UTC }

-- somebody's impure function: impure name, order --
import "github.com/culvertnet/culvert/workers"

var f = workers.New

-- keys in a map's order: order --
func f(m map[string]int) (s []string) {
	for k := range m {
		s = append(s, k)
	}
	return s
}

-- keys of a type parameter: order --
func f[M ~map[string]int](m M) (s []string) {
	for k := range m {
		s = append(s, k)
	}
	return s
}

-- a text in a map's order: order --
func f(m map[string]int) (s string) {
	for k := range m {
		s += k
	}
	return s
}

-- a builder in a map's order: order --
import "strings"

func f(m map[string]int) string {
	var b strings.Builder
	for k := range m {
		b.WriteString(k)
	}
	return b.String()
}

-- a print in a map's order: order --
import (
	"fmt"
	"strings"
)

func f(m map[string]int) string {
	var b strings.Builder
	for k := range m {
		fmt.Fprintf(&b, "%s", k)
	}
	return b.String()
}

-- places in a map's order: order --
func f(m map[string]int, s []string) {
	i := 0
	for k := range m {
		s[i] = k
		i++
	}
}

-- a closure in a map's order: order --
func f(m map[string]int) (s []string) {
	add := func(k string) { s = append(s, k) }
	for k := range m {
		add(k)
	}
	return s
}

-- the first of a map: order --
func f(m map[string]int) string {
	for k := range m {
		return k
	}
	return ""
}

-- any one of a map: order --
func f(m map[string]int) (s string) {
	for k := range m {
		s = k
		break
	}
	return s
}

-- a sequence of keys: order --
import (
	"maps"
	"slices"
)

func f(m map[string]int) []string { return slices.Collect(maps.Keys(m)) }

-- a loop over a sequence of keys: order --
import "maps"

func f(m map[string]int) (s []string) {
	for k := range maps.Keys(m) {
		s = append(s, k)
	}
	return s
}

-- a sequence as a value: order --
import "maps"

func f(m map[string]int) func(func(string) bool) { return maps.Keys(m) }

-- facts in a map's order: order --
type turn struct{ facts []string }

func (t *turn) add(f string) { t.facts = append(t.facts, f) }

func (t *turn) f(m map[string]int) {
	for k := range m {
		t.g(k)
	}
}

func (t *turn) g(k string) { t.add(k) }
`
