package saga_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvertnet/culvert/saga"
)

type base struct {
	Region string `json:"region" change:"replace"`
}

type owner struct {
	ID   string `json:"id"`
	Mail string `json:"mail" change:"change"`
}

type part struct {
	Name  string   `json:"name"`
	Ports []string `json:"ports,omitempty"`
}

type in struct {
	base
	IP     string         `json:"ip,omitempty" change:"replace"`
	Size   int            `json:"size" change:"grow"`
	Note   string         `json:"note" change:"ignore"`
	Owner  owner          `json:"owner" change:"replace"`
	First  part           `json:"first"`
	Parts  []part         `json:"parts,omitempty"`
	One    *part          `json:"one,omitempty"`
	None   *part          `json:"none,omitempty"`
	Hosts  []string       `json:"hosts"`
	Plain  string         // without a tag the field's own name counts
	Hidden string         `json:"-"`
	Extra  map[string]any `json:"extra,omitempty"`
}

type out struct {
	base
	IP    string   `json:"ip"`
	Hosts []string `json:"hosts"`
	Inner struct {
		Name string `json:"name"`
	} `json:"inner"`
	Hidden string `json:"-"`
}

func spec(name string) saga.Spec { return saga.Spec{Name: name, Kind: "net." + name, Prefix: "x"} }

func TestBuilderBindsByAddress(t *testing.T) {
	b := saga.NewBuilder("kind", 1)
	from := saga.Add[out](b, spec("from"), &in{})
	to := &in{Parts: []part{{Name: "a"}, {Name: "b"}}, One: &part{Name: "c"}}
	saga.Add[out](b, saga.Spec{Name: "to", Kind: "net.to", Prefix: "x", After: []string{"from"}}, to,
		saga.Fill(&to.IP, saga.Field(from, func(o *out) *string { return &o.IP })),
		saga.Fill(&to.Region, saga.Field(from, func(o *out) *string { return &o.Region })),
		saga.Fill(&to.First.Name, saga.Field(from, func(o *out) *string { return &o.Inner.Name })),
		saga.Fill(&to.One.Name, saga.Field(from, func(o *out) *string { return &o.IP })),
		saga.Fill(&to.Parts[1].Name, saga.Field(from, func(o *out) *string { return &o.IP })),
		saga.Fill(&to.Parts[0].Ports, saga.Field(from, func(o *out) *[]string { return &o.Hosts })),
		saga.Fill(&to.Hosts, saga.Field(from, func(o *out) *[]string { return &o.Hosts })),
		saga.Fill(&to.Plain, saga.Field(from, func(o *out) *string { return &o.IP })))
	p, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	n, _ := p.Node("to")
	want := []saga.Bind{
		{To: "/ip", Step: "from", From: "/ip"},
		{To: "/region", Step: "from", From: "/region"},
		{To: "/first/name", Step: "from", From: "/inner/name"},
		{To: "/one/name", Step: "from", From: "/ip"},
		{To: "/parts/1/name", Step: "from", From: "/ip"},
		{To: "/parts/0/ports", Step: "from", From: "/hosts"},
		{To: "/hosts", Step: "from", From: "/hosts"},
		{To: "/Plain", Step: "from", From: "/ip"},
	}
	if diff := cmp.Diff(want, n.Binds); diff != "" {
		t.Errorf("binds (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"from"}, n.After); diff != "" {
		t.Errorf("needs (-want +got):\n%s", diff)
	}
	rules := map[string]saga.Rule{
		"region": saga.RuleReplace, "ip": saga.RuleReplace, "size": saga.RuleGrow, "note": saga.RuleIgnore,
		"owner": saga.RuleReplace, "owner/mail": saga.RuleChange,
	}
	if diff := cmp.Diff(rules, n.Rules); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	rendered, err := saga.Render(n, map[string]json.RawMessage{
		"from": json.RawMessage(`{"region":"r1","ip":"10.0.0.1","hosts":["h"],"inner":{"name":"deep"}}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	var got in
	if err := json.Unmarshal(rendered, &got); err != nil {
		t.Fatal(err)
	}
	filled := in{
		base: base{Region: "r1"}, IP: "10.0.0.1", First: part{Name: "deep"}, Hosts: []string{"h"}, Plain: "10.0.0.1",
		Parts: []part{{Name: "a", Ports: []string{"h"}}, {Name: "10.0.0.1"}}, One: &part{Name: "10.0.0.1"},
	}
	if diff := cmp.Diff(filled, got, cmp.AllowUnexported(in{})); diff != "" {
		t.Errorf("rendered (-want +got):\n%s", diff)
	}
}

func TestRenderKeepsNumbersAndWhatIsNotThere(t *testing.T) {
	n := saga.Node{Name: "n", Input: json.RawMessage(`{"big":9007199254740993,"kept":"as it was"}`), Binds: []saga.Bind{
		{To: "/copied", Step: "s", From: "/exact"}, {To: "/kept", Step: "s", From: "/absent"},
	}}
	got, err := saga.Render(n, map[string]json.RawMessage{"s": json.RawMessage(`{"exact":12345678901234567890.125}`)})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"big":9007199254740993,"copied":12345678901234567890.125,"kept":"as it was"}`; string(got) != want {
		t.Errorf("rendered %s, want %s", got, want)
	}
}

func TestRenderRefusesWhatDoesNotFit(t *testing.T) {
	for name, n := range map[string]saga.Node{
		"no element": {
			Input: json.RawMessage(`{"list":["a"]}`), Binds: []saga.Bind{{To: "/list/1", Step: "s", From: "/x"}},
		},
		"no object": {
			Input: json.RawMessage(`{"text":"a"}`), Binds: []saga.Bind{{To: "/text/in", Step: "s", From: "/x"}},
		},
		"no output": {Input: json.RawMessage(`{}`), Binds: []saga.Bind{{To: "/a", Step: "other", From: "/x"}}},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := saga.Render(n, map[string]json.RawMessage{"s": json.RawMessage(`{"x":1}`)}); err == nil {
				t.Errorf("rendered %s", got)
			}
		})
	}
}

func TestBuilderRefuses(t *testing.T) {
	other := &in{}
	type badRule struct {
		Field string `json:"field" change:"sometimes"`
	}
	for name, c := range map[string]struct {
		build func(b *saga.Builder)
		want  string
	}{
		"a double name": {func(b *saga.Builder) {
			saga.Add[out](b, spec("a"), &in{})
			saga.Add[out](b, spec("a"), &in{})
		}, `two steps are named "a"`},
		"the engine's own name": {
			func(b *saga.Builder) { saga.Add[out](b, spec("prove"), &in{}) }, `step name "prove"`,
		},
		"a name that is none": {func(b *saga.Builder) { saga.Add[out](b, spec("A b"), &in{}) }, `step name "A b"`},
		"an unknown need": {func(b *saga.Builder) {
			saga.Add[out](b, saga.Spec{Name: "a", Kind: "net.a", Prefix: "x", After: []string{"b"}}, &in{})
		}, `step a needs "b", which is unknown`},
		"a cycle": {func(b *saga.Builder) {
			saga.Add[out](b, saga.Spec{Name: "a", Kind: "net.a", Prefix: "x", After: []string{"b"}}, &in{})
			saga.Add[out](b, saga.Spec{Name: "b", Kind: "net.b", Prefix: "x", After: []string{"a"}}, &in{})
		}, `step a needs "b", which is unknown, later, or part of a cycle`},
		"itself": {func(b *saga.Builder) {
			saga.Add[out](b, saga.Spec{Name: "a", Kind: "net.a", Prefix: "x", After: []string{"a"}}, &in{})
		}, `step a needs "a"`},
		"a check after an effect": {func(b *saga.Builder) {
			saga.Add[out](b, spec("a"), &in{})
			saga.Add[out](b, saga.Spec{Name: "c", Kind: "net.c", Check: true, After: []string{"a"}}, &in{})
		}, "check c needs a, which has an effect"},
		"a kind without a capability": {func(b *saga.Builder) {
			saga.Add[out](b, saga.Spec{Name: "a", Kind: "a", Prefix: "x"}, &in{})
		}, `step kind "a"`},
		"a kind without a step": {func(b *saga.Builder) {
			saga.Add[out](b, saga.Spec{Name: "a", Kind: "net.", Prefix: "x"}, &in{})
		}, `step kind "net."`},
		"no prefix": {
			func(b *saga.Builder) { saga.Add[out](b, saga.Spec{Name: "a", Kind: "net.a"}, &in{}) }, `prefix ""`,
		},
		"a bad prefix": {func(b *saga.Builder) {
			saga.Add[out](b, saga.Spec{Name: "a", Kind: "net.a", Prefix: "X-1"}, &in{})
		}, `prefix "X-1"`},
		"a field of another input": {func(b *saga.Builder) {
			from := saga.Add[out](b, spec("from"), &in{})
			saga.Add[out](
				b, spec("to"), &in{}, saga.Fill(&other.IP, saga.Field(from, func(o *out) *string { return &o.IP })),
			)
		}, "is not a field of"},
		"a value of no output": {func(b *saga.Builder) {
			from := saga.Add[out](b, spec("from"), &in{})
			to := &in{}
			saga.Add[out](
				b, spec("to"), to, saga.Fill(&to.IP, saga.Field(from, func(*out) *string { return &other.IP })),
			)
		}, "is not a field of"},
		"a field that is not encoded": {func(b *saga.Builder) {
			from := saga.Add[out](b, spec("from"), &in{})
			to := &in{}
			saga.Add[out](
				b, spec("to"), to, saga.Fill(&to.Hidden, saga.Field(from, func(o *out) *string { return &o.IP })),
			)
		}, "is not a field of"},
		"an output of a step of another plan": {func(b *saga.Builder) {
			from := saga.Add[out](saga.NewBuilder("other", 1), spec("elsewhere"), &in{})
			to := &in{}
			saga.Add[out](b, spec("to"), to, saga.Fill(&to.IP, saga.Field(from, func(o *out) *string { return &o.IP })))
		}, `step to needs "elsewhere"`},
		"an input that is not JSON": {func(b *saga.Builder) {
			saga.Add[out](b, spec("a"), &in{Extra: map[string]any{"f": func() {}}})
		}, "unsupported type"},
		"an unknown rule": {func(b *saga.Builder) { saga.Add[out](b, spec("a"), &badRule{}) }, `rule "sometimes"`},
	} {
		t.Run(name, func(t *testing.T) {
			b := saga.NewBuilder("kind", 1)
			c.build(b)
			_, err := b.Build()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to say %q", err, c.want)
			}
		})
	}
}

func TestPlanHashTellsPlansApart(t *testing.T) {
	plan := func(note string) saga.Plan {
		b := saga.NewBuilder("kind", 1)
		saga.Add[out](b, spec("a"), &in{Note: note})
		p, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if a, b := plan("x").Hash(), plan("x").Hash(); a != b || a == "" {
		t.Errorf("one plan hashes to %q and %q", a, b)
	}
	if a, b := plan("x").Hash(), plan("y").Hash(); a == b {
		t.Errorf("two plans hash to %q", a)
	}
}

// TestDiagram compares the drawing of a plan with every shape in it.
func TestDiagram(t *testing.T) {
	b := saga.NewBuilder("kind", 1)
	names := saga.Add[out](b, saga.Spec{Name: "check-names", Kind: "net.check", Check: true}, &in{})
	deep := &in{}
	saga.Add[out](b, saga.Spec{Name: "check-deep", Kind: "net.check", Check: true}, deep,
		saga.Fill(&deep.IP, saga.Field(names, func(o *out) *string { return &o.IP })))
	saga.Add[out](b, saga.Spec{Name: "check-egress", Kind: "egress.check", Check: true}, &in{})
	address := saga.Add[out](b, spec("address"), &in{})
	endpoint := &in{}
	e := saga.Add[out](b, spec("endpoint"), endpoint,
		saga.Fill(&endpoint.IP, saga.Field(address, func(o *out) *string { return &o.IP })))
	c := saga.Add[out](b, spec("connector"), &in{})
	saga.Add[out](b, saga.Spec{Name: "map", Kind: "net.map", Prefix: "x", After: []string{e.Name(), c.Name()}}, &in{})
	p, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/diagram.md", "```mermaid\n"+saga.Diagram(p)+"```\n")
}
