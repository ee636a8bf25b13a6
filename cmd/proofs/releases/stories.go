package releases

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/events"
)

// A story is what happens to one connection.
type story struct {
	name string
	tell func(ctx context.Context, s *stage, o lab.Order) error
}

// stories are everything that a journal can tell, one connection each. The last ones cut the daemons off, so they are
// told one after the other.
var stories = []story{
	{"completed", toldCompleted},
	{"changed", toldChanged},
	{"withdrawn", toldWithdrawn},
	{"compensated", toldCompensated},
	{"replayed", toldReplayed},
	{"stuck", toldStuck},
	{"continued", toldContinued},
	{"resolved", toldResolved},
	{"held", toldHeld},
	{"interrupted", toldInterrupted},
	{"begun", toldBegun},
	{"cut", toldCut},
}

// storyOrder asks for a share of the counted endpoint and for egress through a filter and a connector: i is the
// story's.
func (s *stage) storyOrder(i int) lab.Order {
	o := lab.Order{
		Name: stories[i].name, Service: fmt.Sprintf("fn-%04d", 100*s.round+i), OnWithdraw: "restore", NoNames: true,
		Variant:   lab.Variant{Announce: "none", Filter: "gcp-firewall", Egress: "connector"},
		Connector: lab.Range28(40*s.round + 2*i),
	}
	if s.round > 0 {
		o.Name = fmt.Sprintf("%s-%d", o.Name, s.round)
	}
	return o
}

// tellStories tells them all. The daemons are dead when it returns, with the last saga on its way.
func (s *stage) tellStories(ctx context.Context) error {
	for i, told := range stories {
		if err := told.tell(ctx, s, s.storyOrder(i)); err != nil {
			return fmt.Errorf("story %s: %w", told.name, err)
		}
	}
	return nil
}

// ends submits an event and expects an end.
func (s *stage) ends(ctx context.Context, event []byte, want events.SagaStatus) (events.Status, error) {
	v, err := s.Run(ctx, event)
	return v, errors.Join(err, isAt(v, want))
}

func toldCompleted(ctx context.Context, s *stage, o lab.Order) error {
	o.Variant, o.NoEgress = lab.Variant{Announce: "cloud-router"}, true
	_, err := s.ends(ctx, o.Event(), events.SagaCompleted)
	return err
}

func toldChanged(ctx context.Context, s *stage, o lab.Order) error {
	if _, err := s.ends(ctx, o.Event(), events.SagaCompleted); err != nil {
		return err
	}
	o.Allow = []string{"qa1.backend.example", "qa2.backend.example"}
	if _, err := s.ends(ctx, o.Event(), events.SagaCompleted); err != nil {
		return err
	}
	var survey events.Survey
	if _, err := s.Command(ctx, &survey, "replay", o.Name, "--plan", "-o", "json", "--reason", "check"); err != nil {
		return err
	}
	o.Connector = lab.Range28(201 + s.round)
	_, err := s.ends(ctx, o.Event(), events.SagaCompleted)
	return err
}

func toldWithdrawn(ctx context.Context, s *stage, o lab.Order) error {
	o.Attachment, o.NoEgress, o.Variant = "orders-sa", true, lab.Variant{Announce: "none"}
	if _, err := s.ends(ctx, o.Event(), events.SagaCompleted); err != nil {
		return err
	}
	_, err := s.ends(ctx, lab.Withdraw(o.Name), events.SagaCompleted)
	return err
}

// refuse lets a call of Google fail for good, so many times; -1 is for ever.
func (s *stage) refuse(ctx context.Context, call string, times int) error {
	return s.Fault(ctx, control.Fault{Vendor: "gcp", Call: call, Mode: "refuse", Times: times})
}

func toldCompensated(ctx context.Context, s *stage, o lab.Order) error {
	if err := s.refuse(ctx, "services.patch", 1); err != nil {
		return err
	}
	_, err := s.ends(ctx, o.Event(), events.SagaCompensated)
	return errors.Join(err, s.ClearFaults(ctx))
}

func toldReplayed(ctx context.Context, s *stage, o lab.Order) error {
	if err := toldCompensated(ctx, s, o); err != nil {
		return err
	}
	return s.order(ctx, "replay", o.Name, "--from", "start", "--yes", "--wait", "--reason", "the cause is gone")
}

// toldStuck refuses the binding, and on the way back the removal of the connector.
func toldStuck(ctx context.Context, s *stage, o lab.Order) error {
	err := errors.Join(s.refuse(ctx, "services.patch", 1), s.refuse(ctx, "connectors.delete", -1))
	if err != nil {
		return err
	}
	_, err = s.ends(ctx, o.Event(), events.SagaStuck)
	return errors.Join(err, s.ClearFaults(ctx))
}

func toldContinued(ctx context.Context, s *stage, o lab.Order) error {
	if err := toldStuck(ctx, s, o); err != nil {
		return err
	}
	v, err := s.goOn(ctx, o.Name)
	return errors.Join(err, isAt(v, events.SagaCompensated))
}

// goOn continues a stuck saga where it is stuck, and waits for its end.
func (s *stage) goOn(ctx context.Context, name string) (events.Status, error) {
	line := []string{"replay", name, "--from", "failed", "--yes", "--wait", "-o", "json", "--reason", "cause is gone"}
	if _, err := s.Command(ctx, nil, line...); err != nil {
		return events.Status{}, err
	}
	return s.API().Show(ctx, name)
}

// order gives an order by the command line, and expects that it is carried out.
func (s *stage) order(ctx context.Context, args ...string) error {
	code, err := s.Command(ctx, nil, append(args, "-o", "json")...)
	if err == nil {
		err = proof.Need(code == 0, "culvert %v ended with %d", args, code)
	}
	return err
}

// isAt is nil for a saga with the wanted status.
func isAt(v events.Status, want events.SagaStatus) error {
	return proof.Need(v.Status == want, "it is %s, not %s", lab.Describe(v), want)
}

// toldResolved leaves what could not be removed, by an order.
func toldResolved(ctx context.Context, s *stage, o lab.Order) error {
	if err := toldStuck(ctx, s, o); err != nil {
		return err
	}
	v, err := s.API().Show(ctx, o.Name)
	if err != nil {
		return err
	}
	for _, st := range v.Steps {
		if st.Status != events.StepStuck {
			continue
		}
		if err := s.order(ctx, "resolve", o.Name, st.Name, "--skip", "--reason", "it has to stay"); err != nil {
			return err
		}
	}
	v, err = s.Wait(ctx, v.ID)
	return errors.Join(err, isAt(v, events.SagaCompensated))
}

// toldHeld pauses a capability and the connection for a while, and cancels what is on its way.
func toldHeld(ctx context.Context, s *stage, o lab.Order) error {
	if err := s.order(ctx, "pause", "--capability", "egress", "--reason", "the vendor has an outage"); err != nil {
		return err
	}
	id, err := s.Submit(ctx, o.Event())
	if err != nil {
		return err
	}
	for _, line := range [][]string{
		{"pause", o.Name, "--reason", "wait"}, {"resume", o.Name, "--reason", "go on"},
		{"resume", "--capability", "egress", "--reason", "all well"}, {"cancel", id, "--reason", "not wanted any more"},
	} {
		if err := s.order(ctx, line...); err != nil {
			return err
		}
	}
	v, err := s.Wait(ctx, id)
	return errors.Join(err, isAt(v, events.SagaCompensated))
}

// begin submits an order and returns when it has a command out that changes the world.
func (s *stage) begin(ctx context.Context, o lab.Order) (string, error) {
	id, err := s.Submit(ctx, o.Event())
	if err != nil {
		return "", err
	}
	return id, s.until(ctx, id, lab.ChangesWorld)
}

// until returns when the saga under way is as wanted.
func (s *stage) until(ctx context.Context, id string, wanted func(events.Status) bool) error {
	for {
		v, err := s.API().Show(ctx, id)
		if err = errors.Join(err, isAt(v, events.SagaRunning)); err != nil || wanted(v) {
			return err
		}
	}
}

func toldInterrupted(ctx context.Context, s *stage, o lab.Order) error {
	id, err := s.begin(ctx, o)
	if err != nil {
		return err
	}
	s.cut()
	if err := s.up(ctx); err != nil {
		return err
	}
	v, err := s.Wait(ctx, id)
	return errors.Join(err, isAt(v, events.SagaCompleted))
}

// toldBegun leaves a saga under way whose steps every release has served since there are stores to read.
func toldBegun(ctx context.Context, s *stage, o lab.Order) error {
	o.Filter = ""
	_, err := s.begin(ctx, o)
	return err
}

// toldCut kills the daemons with a saga under way that has steps of this build only.
func toldCut(ctx context.Context, s *stage, o lab.Order) error {
	_, err := s.begin(ctx, o)
	s.cut()
	return err
}

// toldCutLate kills them after the filter was made. 92af73b opens Google's APIs in each filter that it makes, and this
// build takes such a filter for another one than was asked for: one build makes it, and the other goes on.
func toldCutLate(ctx context.Context, s *stage, o lab.Order) error {
	id, err := s.begin(ctx, o)
	if err == nil {
		err = s.until(ctx, id, func(v events.Status) bool {
			return slices.ContainsFunc(v.Steps, func(st events.StepView) bool {
				return st.Name == "filter-egress" && st.Status == events.StepDone
			})
		})
	}
	s.cut()
	return err
}
