package reach

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/stage"
	"github.com/culvertnet/culvert/events"
)

// A passage is one saga of a plan, with what was found on it.
type passage struct {
	name     string
	status   events.SagaStatus
	compared map[events.Verb]int
	left     map[string]int
	found    []finding
	err      error
}

// A journey goes all ways of a plan in a world of its own.
type journey struct {
	stage *stage.Stage
	w     *witness
	plan  factPlan
	ways  []passage
}

// connection is the one whose plan it is.
const connection = "facts"

// travel goes there and back, changes what stands, and breaks each call of the way there.
func (p factPlan) travel(ctx context.Context, scenario []byte, far bool) (ways []passage, err error) {
	s, err := stage.Open(ctx, stage.Options{Scenario: scenario, Speakers: p.speakers()})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	read, _, err := reader(ctx, s.World.URL(), scenario, s.Clock.Now)
	if err != nil {
		return nil, err
	}
	j := &journey{stage: s, plan: p, w: &witness{read: read, now: s.Clock.Now, ledger: s.World.World.Effects,
		stands: map[string]made{}}}
	if err := s.Play(ctx, j.w); err != nil {
		return nil, err
	}
	calls, err := j.there(ctx)
	if err == nil && far {
		err = j.changed(ctx)
	}
	if err == nil {
		err = j.back(ctx)
	}
	if !far || err != nil {
		return j.ways, err
	}
	if j.plan.data != j.plan.restoring() { // what was retained would spare the next saga its calls
		j.plan.data = j.plan.restoring()
		if _, err = j.there(ctx); err == nil {
			err = j.back(ctx)
		}
	}
	for _, c := range calls {
		if err == nil {
			err = j.broken(ctx, c)
		}
	}
	return j.ways, err
}

// pass goes one way, and adds what was found.
func (j *journey) pass(ctx context.Context, name, data string, want ...events.SagaStatus) error {
	j.w.found, j.w.compared, j.w.left = nil, map[events.Verb]int{}, map[string]int{}
	in := stage.Intent{Kind: "private-service", Connection: connection, Data: json.RawMessage(data),
		Withdraw: data == ""}
	view, err := j.stage.Run(ctx, in)
	if err == nil {
		err = j.w.rest(ctx)
	}
	ended := proof.Need(slices.Contains(want, view.Status), "ended %s: %s", view.Status, view.Reason)
	j.ways = append(j.ways, passage{name, view.Status, j.w.compared, j.w.left, j.w.found, errors.Join(err, ended)})
	return err
}

// there applies the plan, and tells the calls that it took.
func (j *journey) there(ctx context.Context) ([]proof.Call, error) {
	before := len(j.w.ledger())
	err := j.pass(ctx, "apply", j.plan.data, events.SagaCompleted)
	return proof.Calls(j.w.ledger()[before:]), err
}

func (j *journey) back(ctx context.Context) error {
	return j.pass(ctx, "withdraw", "", events.SagaCompleted)
}

// changed applies changes one after the other; each is refused in its first changing call before it is let through.
func (j *journey) changed(ctx context.Context) error {
	for _, c := range j.plan.changes() {
		before := len(j.w.ledger())
		if err := j.pass(ctx, "change: "+c.name, c.data, events.SagaCompleted); err != nil {
			return err
		}
		calls := proof.Calls(j.w.ledger()[before:])
		if err := j.pass(ctx, "change back: "+c.name, j.plan.data, events.SagaCompleted); err != nil {
			return err
		}
		for _, call := range calls {
			name := "change: " + c.name + ", without " + call.Name
			if err := j.without(ctx, call, name, c.data); err != nil {
				return err
			}
		}
		if err := j.pass(ctx, "change back: "+c.name, j.plan.data, events.SagaCompleted); err != nil {
			return err
		}
	}
	return nil
}

// broken applies the plan while the vendor refuses one call, and withdraws what stands all the same.
func (j *journey) broken(ctx context.Context, c proof.Call) error {
	return errors.Join(j.without(ctx, c, "apply without "+c.Name, j.plan.data), j.back(ctx))
}

// without goes one way while the vendor refuses a call once.
func (j *journey) without(ctx context.Context, c proof.Call, name, data string) error {
	w := j.stage.World.World
	if _, err := w.AddFault(world.Fault{Vendor: c.Vendor, Call: c.Name, Mode: world.Refuse}); err != nil {
		return err
	}
	err := j.pass(ctx, name, data, events.SagaCompensated, events.SagaStuck)
	for _, f := range w.Faults() {
		if f.Hits == 0 {
			err = errors.Join(err, fmt.Errorf("%s: the fault never fired", name))
		}
	}
	w.ClearFaults()
	return err
}

// A variant is a changed plan.
type variant struct{ name, data string }

// changes are the changes that the plan has something for.
func (p factPlan) changes() (out []variant) {
	const near = byOwnNIC + withAccess // from where that range is reached
	for _, c := range []struct{ name, old, changed string }{
		{"one more name", `"fqdn":"qa1.backend.example"`,
			`"fqdn":"qa2.backend.example","protocol":"tcp","ports":["443"]},{"fqdn":"qa1.backend.example"`},
		{"one more range", near + byFirewall, near + strings.Replace(byFirewall, "[",
			`[{"cidr":"10.20.0.4/32","protocol":"tcp","ports":["80"]},`, 1)},
		{"one range less", `,{"cidr":"10.20.0.4/32","ports":["80"],"protocol":"tcp"}`, ""},
		{"one more port", `"ports":["443"]`, `"ports":["443","8443"]`},
		{"another range", "100.64.0.0/28", "100.64.0.16/28"},
		{"another subnetwork", subnets + "workloads", subnets + "direct-egress"},
		{"fewer names", `,"a.api.acme.example"`, ""},
		{"an endpoint of its own", bundleIn, bundleIn + `,"endpoint":"own"`},
	} {
		data := strings.Replace(p.data, c.old, c.changed, 1)
		if data != p.data && (c.changed == "" || !strings.Contains(p.data, c.changed)) {
			out = append(out, variant{c.name, data})
		}
	}
	return out
}
