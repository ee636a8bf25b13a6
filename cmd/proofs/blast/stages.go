package blast

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
	judge "github.com/culvertnet/culvert/adapters/simcloud/reach"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/events"
)

// The sagas after a completed one.
const (
	withdrawn = "withdrawn"
	disturbed = "compensated"
	replayed  = "replayed"
)

// goOn takes a connection that stands through the rest of its life: it is withdrawn, made again and refused by the
// vendor at a random call, and replayed when the vendor is well again.
func (t *trial) goOn(ctx context.Context, out *end) error {
	out.later = map[string]events.SagaStatus{}
	calls := proof.Calls(slices.DeleteFunc(t.sim.World.Effects(), func(e world.LedgerEntry) bool {
		return e.Effect == proof.Delete
	}))
	gone, err := t.submit(ctx, t.n.Withdrawal)
	if err != nil {
		return err
	}
	out.later[withdrawn] = gone.Status
	if gone.Status != events.SagaCompleted || len(calls) == 0 {
		return nil
	}
	call := calls[rand.New(rand.NewPCG(t.seed, 33)).IntN(len(calls))]
	refused := control.Fault{Vendor: call.Vendor, Call: call.Name, Mode: world.Refuse, Times: 1}
	if err := t.control.AddFault(ctx, refused); err != nil {
		return err
	}
	undone, err := t.submit(ctx, renamed(t.n.Intent, "again"))
	if err != nil {
		return err
	}
	if err := t.control.Reset(ctx, control.Reset{Faults: true}); err != nil {
		return err
	}
	if undone.Status == events.SagaCompleted { // what stayed after the withdrawal was not made again
		return nil
	}
	out.later[disturbed] = undone.Status
	again, err := t.replay(ctx, undone)
	out.later[replayed] = again.Status
	return err
}

// replay runs a saga that did not complete once more, and waits for its end.
func (t *trial) replay(ctx context.Context, v events.Status) (events.Status, error) {
	key, _, err := events.ParseSaga(v.ID)
	if err != nil {
		return v, err
	}
	receipt, err := t.engine.Act(ctx, events.Action{Kind: events.ActionReplay, Connection: key, Saga: v.ID,
		From: events.FromStart, Actor: "proof", Reason: "the vendor is well again"})
	if err != nil {
		return v, fmt.Errorf("replay %s: %w", v.ID, err)
	}
	return t.await(ctx, receipt.Saga)
}

// renamed is an event with another id.
func renamed(event []byte, id string) []byte {
	var e map[string]json.RawMessage
	if err := json.Unmarshal(event, &e); err != nil {
		panic(err) // our own
	}
	e["id"], _ = json.Marshal(id)
	out, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return out
}

// expect lets somebody come to the range of the filter once the first rule of it is there, which is before the last
// look.
func (t *trial) expect() {
	n := t.n.Newcomer
	if n == nil {
		return
	}
	t.film.came = func(tx *world.Tx) {
		rules := func(r world.Ref) bool { return r.Kind == "firewallPolicies" }
		if !tx.Has(n.Vendor, n.Kind, n.Name) && slices.ContainsFunc(tx.ChangedSince(t.film.states[0].tx), rules) {
			tx.QuietPut(n.Vendor, n.Kind, n.Name, n.Doc)
		}
	}
}

// joined tells whether somebody has come, and what is wrong with the answer to it: the intent has to be refused, the
// newcomer named, the service never bound, and in the end the newcomer sends as if nothing had been.
func (t *trial) joined(v events.Status) (bool, error) {
	n := t.n.Newcomer
	if n == nil {
		return false, nil
	}
	states := t.film.all()
	last := states[len(states)-1].tx
	if !last.Has(n.Vendor, n.Kind, n.Name) {
		return false, nil
	}
	_, why := refusal(v)
	bound := slices.ContainsFunc(t.sim.World.Effects(), func(e world.LedgerEntry) bool {
		return e.Kind == "services" && strings.HasSuffix(e.Name, "/fn-own")
	})
	first := states[0].tx.Freeze()
	first.QuietPut(n.Vendor, n.Kind, n.Name, n.Doc)
	before, after := fates(judge.Read(first), n.Flows, t.settings), fates(judge.Read(last), n.Flows, t.settings)
	same := slices.EqualFunc(before, after, func(a, b fate) bool {
		return a.asked == b.asked && a.passes == b.passes
	})
	return true, errors.Join(proof.Need(v.Status == events.SagaCompensated, "%s", v.Status),
		proof.Need(strings.Contains(why, "newcomer"), "the newcomer is not named: %s", why),
		proof.Need(!bound, "the service was bound"),
		proof.Need(same, "the newcomer does not send as if nothing had been"))
}
