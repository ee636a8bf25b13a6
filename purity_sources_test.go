package culvert_test

// impureSources has one source for each clause about calls and imports, and one for each way around it; impureStates
// has those about state and order.
const impureSources = `-- a goroutine: goroutine --
func f() { go f() }

-- a goroutine in a literal: goroutine --
var f = func() { go g() }

func g() {}

-- a channel made: channel --
func f() { _ = make(chan int) }

-- a channel as a parameter: channel --
func f(c chan<- int) { c <- 1 }

-- a channel in a struct: channel --
type t struct{ c <-chan int }

func f(x t) int { return <-x.c }

-- a range over a channel: channel --
func f(c chan int) {
	for range c {
	}
}

-- a channel by another type: channel --
type wire chan int

func f(w wire) { close(w) }

-- a select: select --
func f() { select {} }

-- an import that is not listed: import, impure name --
import "path/filepath"

var _ = filepath.Join

-- a blank import: import --
import _ "embed"

-- a context outside of a port: import --
import "context"

func f(ctx context.Context) {}

-- a lock: import, impure name --
import "sync"

type t struct{ mu sync.Mutex }

-- a function that runs once: import, impure name --
import "sync"

var f = sync.OnceValue(func() int { return 1 })

-- unsafe: import, impure name --
import "unsafe"

var _ = unsafe.Sizeof(1)

-- a random number: import, impure name --
import "math/rand/v2"

func f() int { return rand.Int() }

-- a random id: impure name --
import "github.com/google/uuid"

func f() uuid.UUID { return uuid.New() }

-- a clock in an id: impure name --
import "github.com/google/uuid"

var f = uuid.NewUUID

-- the environment: import, impure name --
import "os"

func f() string { return os.Getenv("X") }

-- a file: import, impure name --
import "os"

func f() { _, _ = os.ReadFile("x") }

-- the clock: impure name --
import "time"

func f() time.Time { return time.Now() }

-- the clock by a dot import: impure name --
import . "time"

func f() Time { return Now() }

-- the clock by an alias: impure name --
import fmt "time"

func f() fmt.Time { return fmt.Now() }

-- the clock as a value: impure name --
import "time"

func f() func() time.Time { return time.Now }

-- the clock in a variable: impure name --
import "time"

var now = time.Now

-- the clock in a struct: impure name --
import "time"

type t struct{ now func() time.Time }

var x = t{now: time.Now}

-- the clock since: impure name --
import "time"

func f(t time.Time) time.Duration { return time.Since(t) }

-- the time zone: impure name --
import "time"

func f(t time.Time) time.Time { return t.In(time.Local) }

-- the time zone by a method: impure method --
import "time"

func f(t time.Time) time.Time { return t.Local() }

-- the time zone by a method value: impure method --
import "time"

var f = time.Time.Local

-- the time zone of a number: impure name --
import "time"

func f() time.Time { return time.Unix(0, 0) }

-- the time zone of a text: impure name --
import "time"

func f(s string) (time.Time, error) { return time.Parse(time.RFC3339, s) }

-- a timer: impure name, impure method --
import "time"

func f(t *time.Timer) { t.Stop() }

-- output: impure name --
import "fmt"

func f() { fmt.Println("x") }

-- output as a value: impure name --
import "fmt"

var f = fmt.Print

-- output without an import: output --
func f() { println("x") }

-- a log: import, impure name --
import "log/slog"

func f() { slog.Info("x") }

-- a call by name: impure method --
import "reflect"

func f(x any) { reflect.ValueOf(x).MethodByName("Now").Call(nil) }

-- a clock in a field: supplied --
type t struct{ now func() int64 }

func f(x t) int64 { return x.now() }

-- a clock as a parameter: supplied --
func f(now func() int64) int64 { return now() }

-- a clock in a named type: supplied --
type clock func() int64

func f(now clock) int64 { return now() }

-- a clock behind an interface: supplied --
type clock interface{ Now() int64 }

func f(c clock) int64 { return c.Now() }

-- an embedded interface: supplied --
type clock interface{ Now() int64 }

type t struct{ clock }

func f(x t) int64 { return x.Now() }

-- a method value of an interface: supplied --
type clock interface{ Now(zone string) int64 }

func f(c clock) func(string) int64 { return c.Now }

-- a method of a type parameter: supplied --
func f[C interface{ Now() int64 }](c C) int64 { return c.Now() }

-- a function that a map gives: supplied --
func f(by map[string]func() int) int { return by["x"]() }

-- a linked name: import, directive --
import _ "unsafe"

//go:linkname now time.now
func now() (int64, int32, int64)

-- a build tag: directive --
//go:build linux

package probe

var x = 1

-- an embedded file: import, directive --
import _ "embed"

//go:embed x.go
var x string
`

// pureSources are sources with the looks of an impure one, which pass.
const pureSources = `-- keys that are sorted --
import (
	"maps"
	"slices"
)

func f(m map[string]int) []string { return slices.Sorted(maps.Keys(m)) }

-- a result that is sorted --
import "slices"

func f(m map[string]int) (s []string) {
	for k := range m {
		s = append(s, k)
	}
	slices.Sort(s)
	return s
}

-- a map of a map --
func f(m map[string]int) map[string][]int {
	r := map[string][]int{}
	for k, v := range m {
		r[k] = append(r[k], v)
	}
	return r
}

-- a sum --
func f(m map[string]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}

-- whether there is one --
func f(m map[string]int) bool {
	for _, v := range m {
		if v > 1 {
			return true
		}
	}
	return false
}

-- a table --
import "regexp"

var m = map[string]int{"x": 1}

var r = regexp.MustCompile("x")

func f(s string) bool { return m[s] == 1 && r.MatchString(s) }

-- a literal that is called --
func f() int { n := 0; one := func() int { n++; return n }; return one() }

-- a time in a zone --
import "time"

func f(t time.Time) time.Time { return t.In(time.UTC).Add(time.Second) }

-- an interface of its own --
type fact interface{ is() string }

func f(x fact) string { return x.is() }

-- a name made of a name --
import "github.com/google/uuid"

func f(u uuid.UUID) uuid.UUID { return uuid.NewSHA1(u, nil) }
`
