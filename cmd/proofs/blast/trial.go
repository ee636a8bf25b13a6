package blast

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	judge "github.com/culvertnet/culvert/adapters/simcloud/reach"
	"github.com/culvertnet/culvert/cmd/proofs/reach/invented"
	"github.com/culvertnet/culvert/events"
)

// A trial is one neighbourhood with the product in it.
type trial struct {
	seed     uint64
	n        invented.Neighbourhood
	settings []judge.Settings
	*rig
	film film
	// others are the packets of everybody else, and before what became of them before the intent.
	others []invented.Flow
	before []fate
}

// An end is what a trial has come to.
type end struct {
	seed   uint64
	kind   string
	status events.SagaStatus
	// refused says by which step it did not complete, why in words.
	refused, why string
	// harms are changes of others' flows without a consent. Would are those that the intent would have made, and
	// possible tells that it could have been made, when it was refused.
	harms, would []harm
	possible     bool
	// astray are packets of its own that would not go as the intent says, although it was made.
	astray []string
	// later are the ends of the sagas that come after a completed one, by what they are.
	later map[string]events.SagaStatus
	// joined tells that somebody came while the connection was being made, unseen what is wrong with the answer.
	joined bool
	unseen error
	states int
	judged int
}

// twinSettings are the random settings of the switches under which a refusal is called needless.
const twinSettings = 14

// open starts the product in the world of a seed. Earlier connections stand when it is done.
func open(ctx context.Context, seed uint64, trusts bool) (t *trial, err error) {
	t = &trial{seed: seed, settings: positions(seed, 1)}
	if trusts {
		t.settings = positions(seed, twinSettings)
	}
	if t.n, err = invented.Neighbours(seed); err != nil {
		return nil, err
	}
	if t.rig, err = newRig(ctx, t.n.World, t.n.Config, t.film.watch, trusts); err != nil {
		return nil, err
	}
	for _, event := range t.n.Earlier {
		if _, err = t.submit(ctx, event); err != nil {
			return nil, errors.Join(err, t.close())
		}
	}
	if err := t.film.cut(t.sim.World); err != nil {
		return nil, errors.Join(err, t.close())
	}
	first := t.film.all()[0].tx
	t.others = expand(first, t.n.Others)
	t.before = fates(judge.Read(first), t.others, t.settings)
	return t, nil
}

// try lets one intent be made among its neighbours.
func try(ctx context.Context, seed uint64) (out end, err error) {
	t, err := open(ctx, seed, false)
	if err != nil {
		return end{seed: seed}, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	out = end{seed: seed, kind: t.n.Kind}
	t.expect()
	status, err := t.submit(ctx, t.n.Intent)
	if err != nil {
		return out, err
	}
	out.status = status.Status
	out.refused, out.why = refusal(status)
	switch joined, err := t.joined(status); {
	case joined:
		out.joined, out.unseen = true, err
	case status.Status == events.SagaCompleted:
		if err := t.goOn(ctx, &out); err != nil {
			return out, err
		}
	default:
		if err := t.wouldHarm(ctx, &out); err != nil {
			return out, err
		}
	}
	t.look(&out)
	return out, nil
}

// look judges every state since the story began.
func (t *trial) look(out *end) {
	states := t.film.all()
	out.states, out.judged = out.states+len(states), out.judged+len(states)*len(t.before)
	out.harms = append(out.harms, t.unwanted(harms(states, t.others, t.settings, t.before))...)
}

// unwanted leaves out what the intent accepts, and what it is for: who reaches the service's own names was meant to.
func (t *trial) unwanted(all []harm) []harm {
	ledger := t.sim.World.Effects()
	for i, h := range all {
		if h.line > 0 {
			e := ledger[h.line-1]
			all[i].call = e.Call + " " + e.Kind + " " + e.Effect
		}
	}
	return slices.DeleteFunc(all, func(h harm) bool {
		offered := !h.lost() && strings.HasPrefix(h.packet.To, "fn-own-")
		filtered := t.n.Consents && h.lost() && strings.Contains(h.after.hop.At, "spoke-0")
		return offered || filtered
	})
}

// refusal is the step that did not let a saga complete, with the class of its error, and the words.
func refusal(v events.Status) (cause, why string) {
	for _, s := range v.Steps {
		if s.Error != nil {
			return s.Name + " " + string(s.Error.Class), s.Error.Message
		}
	}
	return v.Reason, v.Reason
}

// wouldHarm makes what was refused in a world of its own in which nobody asks the model, and tells what it does there
// to others and to the connection's own packets.
//
// Limits: what another check refuses cannot be made there either; and what the connection would have done if it had
// been made of other names or numbers is not seen.
func (t *trial) wouldHarm(ctx context.Context, out *end) (err error) {
	twin, err := open(ctx, t.seed, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, twin.close()) }()
	status, err := twin.submit(ctx, twin.n.Intent)
	if err != nil {
		return err
	}
	if out.possible = status.Status == events.SagaCompleted; !out.possible {
		out.refused, out.why = refusal(status)
		out.refused = "not asked: " + out.refused
		return nil
	}
	states := twin.film.all()
	out.would = twin.unwanted(harms(states, twin.others, twin.settings, twin.before))
	last := judge.Read(states[len(states)-1].tx)
	out.astray = append(astray(last, expand(states[0].tx, twin.n.Asked), twin.settings, true),
		astray(last, expand(states[0].tx, twin.n.Shut), twin.settings, false)...)
	return nil
}

// astray are packets of the connection that go otherwise than it says, under every setting. What it shuts has to be
// stopped by the sender's own firewall: that no route leads on today closes nothing.
func astray(at *judge.Snapshot, packets []invented.Flow, settings []judge.Settings, pass bool) (out []string) {
	all := fates(at, packets, settings)
	for i, p := range packets {
		wrong := true
		for j := i; j < len(all); j += len(packets) {
			shut := !all[j].passes && strings.HasPrefix(all[j].hop.Rule, "firewall-")
			wrong = wrong && all[j].asked && (pass && !all[j].passes || !pass && !shut)
		}
		if wrong {
			out = append(out, fmt.Sprintf("%s %s %d passes: %v, by %s %s", p.To, p.Proto, p.Port, !pass, all[i].hop.At,
				all[i].hop.Rule))
		}
	}
	return out
}
