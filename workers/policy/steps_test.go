package policy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/policy"
	"github.com/culvertnet/culvert/workers/policy/policytest"
	"github.com/culvertnet/culvert/workers/steptest"
)

var times = workers.ClaimTimes{
	Quiet: 2 * time.Second, Skew: time.Second, Lease: 20 * time.Second, Linger: 15 * time.Minute,
}

const network = "projects/acme-net/global/networks/spoke-vpc"

func newWorld() *policytest.World {
	w := policytest.NewWorld(
		policy.Place{NextHopIP: "10.11.0.2", Tagged: true, Policy: "edge-policy", TakenPriorities: []int{1003}},
	)
	w.PutRule(`{"name":"foreign-rule"}`)
	w.Refuse("elsewhere", "no policy")
	return w
}

func drivers(w *policytest.World, claims workers.Claims) policy.Drivers {
	return policy.Drivers{
		Filters: map[string]policy.Driver{
			policy.ViaGCPFirewall: w.Own(), policy.ViaAviatrixFQDN: w.Own(), policy.ViaAviatrixWebGroup: w.Shared(),
		},
		Claims: claims, Times: times,
	}
}

// do is the Do command of one step of one connection.
func do(t steptest.Tester, connection, step, kind string, in any) events.Command {
	t.Helper()
	return steptest.Sample(t, steptest.Step{Kind: kind, Name: step, Connection: connection, In: in})
}

// filter asks for one of these rules: qa's name and a range.
func filter(via, source string, names ...string) policy.FilterEgressIn {
	in := policy.FilterEgressIn{
		Via: via, Project: "acme-net", Network: network, Region: "europe-west3", Controller: "gcp", Gateway: "spoke-1",
		Source:  source,
		Default: "deny", Rules: []policy.Rule{{CIDR: "10.20.0.4/32", Protocol: "tcp", Ports: []string{"80"}}},
	}
	for _, n := range names {
		in.Rules = append(in.Rules, policy.Rule{FQDN: n, Protocol: "tcp", Ports: []string{"443"}})
	}
	return in
}

func TestStepsKeepTheirObligations(t *testing.T) {
	samples := []events.Command{
		do(t, "orders", "check", policy.KindCheck, policy.CheckIn{
			Via: policy.ViaGCPFirewall, Network: network, Default: "deny",
		}),
		do(t, "orders", "firewall", policy.KindFilterEgress, filter(policy.ViaGCPFirewall, "10.8.0.0/28",
			"qa1.example")),
		do(t, "orders", "fqdn", policy.KindFilterEgress, filter(policy.ViaAviatrixFQDN, "10.8.0.16/28", "qa1.example")),
		do(t, "orders", "webgroup", policy.KindFilterEgress, filter(policy.ViaAviatrixWebGroup, "10.8.0.32/28",
			"qa1.example")),
		do(t, "orders", "webgroup-2", policy.KindFilterEgress, filter(policy.ViaAviatrixWebGroup, "10.8.0.48/28")),
	}
	for name, slow := range map[string]int{"at once": 0, "with operations": 2} {
		t.Run(name, func(t *testing.T) {
			steptest.Run(t, func(*testing.T) steptest.Bed {
				w, claims := newWorld(), memory.NewClaims()
				w.Slow(slow)
				c := steptest.NewClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
				return steptest.Bed{
					Handlers: policy.Steps(drivers(w, claims)), Operations: map[string]workers.Operations{"fake": w},
					Claims: claims,
					State:  func(testing.TB) string { return w.State() }, Intercept: w.Intercept, Now: c.Now,
					Pause:   c.Pause,
					Timeout: 30 * time.Second, Settle: times.Lease + times.Quiet + times.Skew + time.Second,
				}
			}, samples)
		})
	}
}

// stage runs single verbs over one world, each with the next epoch and the output before.
type stage struct {
	t      *testing.T
	w      *policytest.World
	claims workers.Claims
	now    time.Time
	epoch  uint64
	output map[string]json.RawMessage
}

func newStage(t *testing.T) *stage {
	return &stage{
		t: t, w: newWorld(), claims: memory.NewClaims(), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		output: map[string]json.RawMessage{},
	}
}

func (s *stage) run(c events.Command, verb events.Verb, class events.Class, reason events.Reason) events.Outcome {
	s.t.Helper()
	registry, err := workers.NewRegistry(policy.Steps(drivers(s.w, s.claims))...)
	if err != nil {
		s.t.Fatal(err)
	}
	h, _ := registry.Lookup(c.Kind)
	s.epoch++
	c.Verb, c.Epoch, c.Output = verb, s.epoch, s.output[c.Connection.Name+c.Step]
	c.Due, c.Since, c.Deadline = s.now, s.now, s.now.Add(30*time.Second)
	o := h.Run(s.t.Context(), c, s.now)
	if o.Class != class || o.Reason != reason {
		s.t.Fatalf("%s of %s: %s %q (%s), want %s %q", verb, c.Step, o.Class, o.Reason, o.Message, class, reason)
	}
	if verb == events.Do && class == events.Done {
		s.output[c.Connection.Name+c.Step] = o.Output
	}
	return o
}

func (s *stage) do(c events.Command) policy.FilterEgressOut {
	s.t.Helper()
	var out policy.FilterEgressOut
	if err := json.Unmarshal(s.run(c, events.Do, events.Done, "").Output, &out); err != nil {
		s.t.Fatal(err)
	}
	return out
}

func (s *stage) look(c events.Command, want events.Presence) policy.FilterEgressOut {
	s.t.Helper()
	o := s.run(c, events.Look, events.Done, "")
	if o.Seen != want {
		s.t.Fatalf("look at %s sees %s (%s), want %s", c.Step, o.Seen, o.Message, want)
	}
	var out policy.FilterEgressOut
	if err := json.Unmarshal(o.Output, &out); err != nil {
		s.t.Fatal(err)
	}
	return out
}

func TestFilterEgressHasPrioritiesOfItsOwn(t *testing.T) {
	s := newStage(t)
	used := map[int]string{}
	for i, name := range []string{"orders", "bills", "stock"} {
		c := do(
			t, name, "filter", policy.KindFilterEgress, filter(policy.ViaGCPFirewall, fmt.Sprintf("10.8.%d.0/28", i)),
		)
		out := s.do(c)
		if len(out.Priorities) != 16 || out.Policy != "edge-policy" {
			t.Fatalf("%s: %+v", name, out)
		}
		for _, p := range out.Priorities {
			if used[p] != "" || p == 1003 {
				t.Errorf("priority %d of %s is taken (%q)", p, name, used[p])
			}
			used[p] = name
		}
		if again := s.do(c); fmt.Sprint(again) != fmt.Sprint(out) {
			t.Errorf("%s: %+v and then %+v", name, out, again)
		}
		if seen := s.look(c, events.Present); fmt.Sprint(seen) != fmt.Sprint(out) {
			t.Errorf("%s: look sees %+v, do told %+v", name, seen, out)
		}
	}
}

func TestFilterEgressChangesItsRulesInPlace(t *testing.T) {
	for _, via := range []string{policy.ViaGCPFirewall, policy.ViaAviatrixFQDN, policy.ViaAviatrixWebGroup} {
		t.Run(via, func(t *testing.T) {
			s := newStage(t)
			before := s.w.State()
			old := do(t, "orders", "filter", policy.KindFilterEgress, filter(via, "10.8.0.0/28", "qa1.example"))
			changed := do(t, "orders", "filter", policy.KindFilterEgress, filter(via, "10.8.0.0/28", "qa2.example",
				"qa3.example"))
			first := s.do(old)
			s.look(changed, events.Different)
			second := s.do(changed)
			if fmt.Sprint(first.Priorities) != fmt.Sprint(second.Priorities) || second.Void != "" {
				t.Errorf("%+v became %+v", first, second)
			}
			s.look(changed, events.Present)
			s.look(old, events.Different)
			if state := s.w.State(); strings.Contains(state, "qa1") || !strings.Contains(state, "qa3") {
				t.Errorf("the world has\n%s", state)
			}
			s.run(changed, events.Undo, events.Done, "")
			s.look(changed, events.Absent)
			if after := s.w.State(); after != before {
				t.Errorf("the world is\n%s\nwas\n%s", after, before)
			}
		})
	}
}

// A gateway takes FQDN tags of one colour only. The check before the change meets the connection's own tag, which is
// the one that gets the other colour.
func TestFilterEgressChangesItsDefaultInPlace(t *testing.T) {
	s := newStage(t)
	s.w.OneDefault()
	before := s.w.State()
	deny, allow := filter(policy.ViaAviatrixFQDN, "10.8.0.0/28", "qa1.example"),
		filter(policy.ViaAviatrixFQDN, "10.8.0.0/28", "qa1.example")
	allow.Default = "allow"
	step := func(connection string, in policy.FilterEgressIn) events.Command {
		return do(t, connection, "filter", policy.KindFilterEgress, in)
	}
	check := func(connection string) events.Command {
		return do(t, connection, "check", policy.KindCheck, policy.CheckIn{
			Via: allow.Via, Network: allow.Network, Controller: allow.Controller, Gateway: allow.Gateway,
			Default: allow.Default, Rules: allow.Rules,
		})
	}
	s.do(step("orders", deny))
	s.run(check("bills"), events.Do, events.Refuse, "colour") // another connection's tag is a neighbour
	s.run(check("orders"), events.Do, events.Done, "")
	s.look(step("orders", allow), events.Different)
	s.do(step("orders", allow))
	s.look(step("orders", allow), events.Present)

	second := step("orders", deny) // a replacement beside it would be on the gateway at the same time
	second.Generation, second.Name, second.Step = 2, "fltrsecond", "filter-2"
	s.run(second, events.Do, events.Refuse, "colour")
	s.run(second, events.Undo, events.Done, "")

	s.run(step("orders", allow), events.Undo, events.Done, "")
	s.look(step("orders", allow), events.Absent)
	s.do(step("bills", deny)) // nothing of the first is remembered
	s.run(check("orders"), events.Do, events.Refuse, "colour")
	s.run(step("bills", deny), events.Undo, events.Done, "")
	if after := s.w.State(); after != before {
		t.Errorf("the world is\n%s\nwas\n%s", after, before)
	}
}

func TestFilterEgressRepairsItsRulesInTheSharedSet(t *testing.T) {
	s := newStage(t)
	c := do(t, "orders", "filter", policy.KindFilterEgress, filter(policy.ViaAviatrixWebGroup, "10.8.0.0/28",
		"qa1.example"))
	s.do(c)
	if err := s.w.Shared().Rules.Write(t.Context(), uuid.Nil, "gcp", []string{`{"name":"foreign-rule"}`}); err != nil {
		t.Fatal(err)
	}
	if seen := s.look(c, events.Present); seen.Void == "" {
		t.Error("a filter whose rules are gone is not told to be void")
	}
	if out := s.do(c); out.Void != "" {
		t.Errorf("after a repeated do: %+v", out)
	}
}

func TestFilterEgressTellsThatItIsVoid(t *testing.T) {
	s := newStage(t)
	s.w.SetVoid("a classic rule allows first")
	c := do(t, "orders", "filter", policy.KindFilterEgress, filter(policy.ViaAviatrixFQDN, "10.8.0.0/28"))
	if out := s.do(c); out.Void != "a classic rule allows first" {
		t.Errorf("output %+v", out)
	}
}

// Somebody makes the filter void after its making was cut off, so that there is no output which names the policy: the
// undo finds the priorities all the same.
func TestFilterEgressGivesPrioritiesBackThoughItIsVoid(t *testing.T) {
	s := newStage(t)
	c := do(t, "orders", "filter", policy.KindFilterEgress, filter(policy.ViaGCPFirewall, "10.8.0.0/28"))
	s.w.Fault("put", true, errors.New("connection reset"))
	s.run(c, events.Do, events.Unsure, "unclassified")
	s.w.SetVoid("a classic rule allows first")
	s.look(c, events.Present)
	s.run(c, events.Undo, events.Done, "")
	s.look(c, events.Absent)
	page, err := s.claims.Find(t.Context(), workers.ClaimQuery{Connection: c.Connection})
	if err != nil || len(page.Items) > 0 {
		t.Errorf("after the undo the connection holds %v, %v", page.Items, err)
	}
}

func TestFilterEgressLeavesAForeignFilter(t *testing.T) {
	s := newStage(t)
	c := do(t, "orders", "filter", policy.KindFilterEgress, filter(policy.ViaAviatrixFQDN, "10.8.0.0/28"))
	s.w.PutFilter(policy.Filter{Name: c.Name, Owner: "somebody", Source: "10.8.0.0/28"})
	s.look(c, events.Foreign)
	s.run(c, events.Do, events.Refuse, "foreign")
	if o := s.run(c, events.Undo, events.Done, ""); !strings.Contains(o.Retained, "somebody") {
		t.Errorf("undo: %+v", o)
	}
}

func TestFilterEgressUndoneWhereItsPolicyIsGone(t *testing.T) {
	s := newStage(t)
	in := filter(policy.ViaGCPFirewall, "10.8.0.0/28")
	in.Network = "elsewhere"
	c := do(t, "orders", "filter", policy.KindFilterEgress, in)
	s.run(c, events.Do, events.Refuse, "no-policy")
	s.run(c, events.Undo, events.Done, "")
	s.look(c, events.Absent)
	in.Via = "carrier-pigeon"
	s.run(do(t, "orders", "filter", policy.KindFilterEgress, in), events.Do, events.Refuse, "via")
}

func TestCheckPolicy(t *testing.T) {
	s := newStage(t)
	check := func(in policy.CheckIn) events.Command { return do(t, "orders", "check", policy.KindCheck, in) }
	s.run(check(policy.CheckIn{Via: policy.ViaGCPFirewall, Network: "elsewhere"}), events.Do, events.Refuse,
		"no-policy")
	s.run(check(policy.CheckIn{Via: policy.ViaGCPFirewall, Network: "elsewhere", Withdrawing: true}), events.Do,
		events.Done, "")
	s.run(check(policy.CheckIn{Via: policy.ViaAviatrixFQDN, Network: network, Direct: true}), events.Do, events.Refuse,
		"no-tag")
	s.run(check(policy.CheckIn{Via: "else"}), events.Do, events.Refuse, "via")
	for _, direct := range []bool{true, false} { // a connector's infrastructure is open, whatever the filter denies
		s.run(check(policy.CheckIn{Via: policy.ViaGCPFirewall, Network: network, Default: "deny", Direct: direct,
			Tags: []string{"t"}}), events.Do, events.Done, "")
		if got := s.w.Checked(); got.KeepOpen == direct {
			t.Errorf("direct %t: the driver is asked about %+v", direct, got)
		}
	}
	o := s.run(check(policy.CheckIn{Via: policy.ViaAviatrixFQDN, Network: network, Direct: true, Tags: []string{"t"}}),
		events.Do, events.Done, "")
	if want := `{"nextHopIp":"10.11.0.2","tagged":true,"policy":"edge-policy"}`; string(o.Output) != want {
		t.Errorf("check tells %s, want %s", o.Output, want)
	}
}

// The check tells the priorities that the filter's rules get, whoever has some already. It takes none.
func TestCheckTellsThePrioritiesToCome(t *testing.T) {
	s := newStage(t)
	check := func(connection string) []int {
		t.Helper()
		o := s.run(do(t, connection, "check", policy.KindCheck, policy.CheckIn{
			Via: policy.ViaGCPFirewall, Network: network, Default: "deny",
		}), events.Do, events.Done, "")
		var out policy.CheckOut
		if err := json.Unmarshal(o.Output, &out); err != nil {
			t.Fatal(err)
		}
		return out.Priorities
	}
	for i, connection := range []string{"orders", "bills", "reports"} {
		told := check(connection)
		if again := check(connection); !slices.Equal(told, again) {
			t.Errorf("told %v, then %v", told, again)
		}
		source := fmt.Sprintf("10.8.%d.0/28", i)
		out := s.do(do(t, connection, "filter", policy.KindFilterEgress, filter(policy.ViaGCPFirewall, source)))
		if len(told) == 0 || !slices.Equal(told, out.Priorities) {
			t.Errorf("%s: told %v, got %v", connection, told, out.Priorities)
		}
	}
}
