package wiring

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/culvertnet/culvert/cmd/internal/proof/least"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/intake"
	"github.com/culvertnet/culvert/examples"
	"github.com/culvertnet/culvert/examples/examplestest"
	"github.com/culvertnet/culvert/workers"
)

var update = flag.Bool("update", false, "rewrite testdata/calls.golden; review its diff like code")

// callsGolden has, for each example and way, how often each call of the world comes, and how many one run of a verb
// that changes something makes at most. Looks and checks take answers from each other: which of them makes a call is a
// matter of time.
const callsGolden = "testdata/calls.golden"

// runKey marks the context of a step's run, with the counter of its calls.
type runKey struct{}

// marked is a handler whose calls are counted run by run.
type marked struct {
	workers.Handler
	counts *byStep
}

// Run counts the calls of one run.
func (m marked) Run(ctx context.Context, c events.Command, now time.Time) events.Outcome {
	var calls atomic.Int32
	o := m.Handler.Run(context.WithValue(ctx, runKey{}, &calls), c, now)
	if c.Verb != events.Look && !strings.HasSuffix(c.Kind, ".check") {
		m.counts.ran(c.Step+" "+string(c.Verb), int(calls.Load()))
	}
	return o
}

// byStep has the most calls of one run by the step that it was of. Polls of operations are of none.
type byStep struct {
	next http.RoundTripper
	mu   sync.Mutex
	made map[string]int
}

func (b *byStep) ran(step string, calls int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.made[step] = max(b.made[step], calls)
}

// RoundTrip counts a call and passes it on.
func (b *byStep) RoundTrip(r *http.Request) (*http.Response, error) {
	if calls, is := r.Context().Value(runKey{}).(*atomic.Int32); is {
		calls.Add(1)
	}
	return b.next.RoundTrip(r)
}

// take gives the counts and begins anew.
func (b *byStep) take() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	made := b.made
	b.made = map[string]int{}
	return made
}

// exampleIntent is one of the examples, without its BGP speaker: a lab has none.
func exampleIntent(t *testing.T, name string) events.Intent {
	t.Helper()
	body := examplestest.Event(t, "../../../examples", name, examplestest.WithoutSpeakers)
	list, err := intake.DecodeIntents(events.DefaultTenant, nil, body, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return list[0]
}

// spare is what a count may be above the golden file's: on a busy machine a step may be looked at once more. What one
// run of a step makes has none.
func spare(most int) int { return most/10 + 2 }

// othersServices are those of the service's project in the default world: a thousand, and three that have names.
const othersServices = 1003

// A setting is a world in which the examples are counted, with a word for it.
type setting struct {
	among string
	world []byte
	least least.World
}

func settings() []setting {
	return []setting{
		{"", examples.World, least.World{Services: othersServices, Zones: 1}},
		{" among 1,000 zones", crowded(), least.World{Services: othersServices, Zones: 1001}},
	}
}

// The examples cost no more calls than they did, and at most a fifth more than the least that their questions need: the
// world counts them. It has a thousand services of others, and once a thousand zones of others as well.
func TestCallsDoNotGrow(t *testing.T) {
	var got []string
	for _, s := range settings() {
		for _, name := range []string{"private-service.yaml", "private-service-connector.yaml"} {
			got = append(got, countCalls(t, name, s)...)
		}
	}
	if *update {
		if err := os.WriteFile(callsGolden, []byte(strings.Join(got, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	bounds := callBounds(t)
	for _, s := range settings() {
		holdAgainstTheLeast(t, bounds, s)
	}
	for _, line := range got {
		what, n := splitCount(t, line)
		most := bounds[what]
		if !strings.Contains(what, runOf) {
			most += spare(most)
		}
		if n > most {
			t.Errorf("%s: %d calls, at most %d are known (go test -run %s -args -update)", what, n, most,
				t.Name())
		}
	}
}

// mostOfWithdrawal is what a withdrawal of the examples costs at most. An application reads the world three times as it
// is, which are more calls already: see package least.
const mostOfWithdrawal = 120

// holdAgainstTheLeast: what is known of each way is at most a fifth more than the least. Polls and logins are counted.
func holdAgainstTheLeast(t *testing.T, known map[string]int, s setting) {
	t.Helper()
	for way, moments := range map[string]func(least.World) []least.Moment{
		"private-service apply": least.ApplyDirect, "private-service withdraw": least.WithdrawDirect,
		"private-service-connector apply":    least.ApplyConnector,
		"private-service-connector withdraw": least.WithdrawConnector,
	} {
		n, fewest := known[way+s.among+": all"], least.Sum(moments(s.least))
		t.Logf("%s%s: %d calls, %d at the least (%.2f times)", way, s.among, n, fewest, float64(n)/float64(fewest))
		if n < fewest || 5*n > 6*fewest {
			t.Errorf("%s%s: %d calls, want at most 1.2 times the least, %d, and no less", way, s.among, n, fewest)
		}
		if strings.HasSuffix(way, string(events.Withdraw)) && n > mostOfWithdrawal {
			t.Errorf("%s%s: %d calls, at most %d", way, s.among, n, mostOfWithdrawal)
		}
	}
}

// runOf is in a line about one run of a step.
const runOf = ": a run of "

// callBounds are the counts of the golden file.
func callBounds(t *testing.T) map[string]int {
	t.Helper()
	golden, err := os.ReadFile(callsGolden)
	if err != nil {
		t.Fatal(err)
	}
	bounds := map[string]int{}
	for line := range strings.Lines(string(golden)) {
		what, most := splitCount(t, strings.TrimSpace(line))
		bounds[what] = most
	}
	return bounds
}

func splitCount(t *testing.T, line string) (what string, n int) {
	t.Helper()
	at := strings.LastIndexByte(line, ' ')
	n, err := strconv.Atoi(line[at+1:])
	if err != nil {
		t.Fatalf("line %q has no count", line)
	}
	return line[:at], n
}

// countCalls applies an example, withdraws it, and tells what each cost.
func countCalls(t *testing.T, name string, s setting) (lines []string) {
	t.Helper()
	l := newLabIn(t, s.world)
	counts := &byStep{next: l.wire.next, made: map[string]int{}}
	l.wire.next = counts
	d := startDaemonOn(t, l, func(h workers.Handler) workers.Handler { return marked{h, counts} })
	in := exampleIntent(t, name)
	before := map[string]int{}
	for _, want := range []events.Want{events.Apply, events.Withdraw} {
		if in.Want = want; want == events.Withdraw {
			in.Data = nil
		}
		d.ends(in, events.SagaCompleted)
		calls, err := d.control().Calls(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		at, total := strings.TrimSuffix(name, ".yaml")+" "+string(want)+s.among, 0
		var by []string
		for _, c := range calls {
			key := c.Vendor + " " + c.Call
			if n := c.Count - before[key]; n > 0 {
				by, total = append(by, fmt.Sprintf("%s: %s %d", at, key, n)), total+n
			}
			before[key] = c.Count
		}
		made := counts.take()
		for _, step := range slices.Sorted(maps.Keys(made)) {
			by = append(by, fmt.Sprintf("%s%s%s %d", at, runOf, step, made[step]))
		}
		lines = append(append(lines, fmt.Sprintf("%s: all %d", at, total)), by...)
	}
	return lines
}

// crowded is the default world with a thousand zones of others.
func crowded() []byte {
	var zones strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&zones,
			"    - {project: acme-net, name: foreign-%d, dnsName: f%d.example., networks: [plain-vpc]}\n", i, i)
	}
	return bytes.Replace(examples.World, []byte("  dnsZones:\n"), []byte("  dnsZones:\n"+zones.String()), 1)
}
