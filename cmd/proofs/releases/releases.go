package releases

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/audit"
)

// releases: the last release and this build take turns on one embedded store. Each finds every saga as the other has
// shown it, brings what the other was cut off from to its end, continues what the other left stuck, and leaves the
// same behind.
func releases(ctx context.Context, s lab.Settings) (err error) {
	l, err := lab.New(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	last, err := lastRelease(ctx, l)
	if err != nil {
		return err
	}
	st, err := newStage(ctx, l, "embedded")
	if err != nil {
		return err
	}
	t := &proof.Table{Header: "turn figure detail"}
	r := &turns{stage: st, Table: t, last: last, this: s.Bin}
	for n, build := range []string{r.last, r.this, r.last, r.this} {
		if err := r.turn(ctx, n, build); err != nil {
			return errors.Join(fmt.Errorf("turn %d: %w", n+1, err), t.Print())
		}
	}
	if err := r.end(ctx); err != nil {
		return errors.Join(err, t.Print())
	}
	return t.Print()
}

// lastRelease builds the programs of a revision in a worktree of its own, and gives their folder.
func lastRelease(ctx context.Context, l *lab.Lab) (folder string, err error) {
	tree, bin := filepath.Join(l.Dir, "release"), filepath.Join(l.Dir, "release-bin")
	if err := in(ctx, ".", "git", "worktree", "add", "--detach", tree, l.Settings.Rev); err != nil {
		return "", err
	}
	l.Ends = append(l.Ends, func() error {
		return in(context.WithoutCancel(ctx), ".", "git", "worktree", "remove", "--force", tree)
	})
	return bin, in(ctx, tree, "go", "build", "-o", bin+string(filepath.Separator), "./cmd/culvertd", "./cmd/culvert")
}

// in runs a program in a folder.
func in(ctx context.Context, folder, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err, out)
	}
	return nil
}

// turns are the lives of daemons of two builds on one store.
type turns struct {
	*stage
	*proof.Table
	last, this string
	// shown are the sagas at rest, as the build before showed them; cutOff and stuck are what it left.
	shown  map[string]string
	cutOff []cutOff
	stuck  string
}

// tell tells one story, and remembers what it leaves.
func (r *turns) tell(ctx context.Context, st story, o lab.Order) (err error) {
	ours := r.Settings.Bin == r.this
	switch st.name {
	case "begun": // everything else is at rest
		if r.shown, err = r.sagas(ctx); err != nil {
			return err
		}
		r.cutOff = append(r.cutOff, cutOff{o.Name, false})
	case "cut":
		if ours {
			st.tell = toldCutLate
		}
		r.cutOff = append(r.cutOff, cutOff{o.Name, ours})
	case "stuck":
		r.stuck = o.Name
	}
	return st.tell(ctx, r.stage, o)
}

// A cutOff is a connection with a saga under way whose daemon was killed; newSteps tells that it has steps which only
// this build serves.
type cutOff struct {
	name     string
	newSteps bool
}

// turnStories are the stories of one turn; the last one ends it.
var turnStories = []string{"completed", "changed", "withdrawn", "compensated", "stuck", "begun", "cut"}

// turn lets a build take over what the one before has left, and tell stories of its own until its death.
func (r *turns) turn(ctx context.Context, n int, build string) error {
	name := fmt.Sprintf("%d: last release", n+1)
	if build == r.this {
		name = fmt.Sprintf("%d: this build", n+1)
	}
	r.Settings.Bin, r.round = build, n
	if err := r.up(ctx); err != nil {
		return err
	}
	if n > 0 {
		if err := r.takeOver(ctx, name); err != nil {
			return err
		}
	}
	for i, story := range stories {
		if !slices.Contains(turnStories, story.name) {
			continue
		}
		if err := r.tell(ctx, story, r.storyOrder(i)); err != nil {
			return fmt.Errorf("story %s: %w", story.name, err)
		}
	}
	r.Row(nil, name+": stories told", len(turnStories), "the daemon was killed with commands in flight")
	return nil
}

// takeOver expects everything as the other build has shown it, and ends what that one left open.
func (r *turns) takeOver(ctx context.Context, name string) error {
	now, err := r.sagas(ctx)
	if err != nil {
		return err
	}
	r.Row(sameSagas(r.shown, now), name+": sagas as the other showed them", len(r.shown), "")
	if err := r.endCutOff(ctx, name); err != nil {
		return err
	}
	v, err := r.goOn(ctx, r.stuck)
	r.Row(errors.Join(err, isAt(v, events.SagaCompensated)), name+": stuck, continued", v.Status, v.ID)
	return r.audited(ctx, name)
}

// endCutOff ends what a death has cut off. A release cannot carry out a step that it does not have: it lets such a saga
// wait, says so, and the next turn of this build ends it.
func (r *turns) endCutOff(ctx context.Context, name string) error {
	var left []cutOff
	for _, c := range r.cutOff {
		if c.newSteps && r.Settings.Bin == r.last {
			v, err := r.waitsForWorkers(ctx, c.name)
			r.Row(err, name+": cut off at a step it lacks, waits", v.Status, v.ID)
			left = append(left, c)
			continue
		}
		v, err := r.Wait(ctx, c.name)
		r.Row(errors.Join(err, isAt(v, events.SagaCompleted)), name+": cut off, ended", v.Status, v.ID)
	}
	r.cutOff = left
	return ctx.Err()
}

// waitsForWorkers waits until a saga under way has nothing left to wait for but workers that know its steps.
func (r *turns) waitsForWorkers(ctx context.Context, name string) (v events.Status, err error) {
	for {
		v, err = r.API().Show(ctx, name)
		if err = errors.Join(err, isAt(v, events.SagaRunning)); err != nil || onlyForWorkers(v.Why) {
			return v, err
		}
		select {
		case <-ctx.Done():
			return v, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// onlyForWorkers tells whether there are causes of a wait, and all of them are missing workers.
func onlyForWorkers(why []events.Cause) bool {
	return len(why) > 0 && !slices.ContainsFunc(why, func(c events.Cause) bool {
		return c.Code != events.CauseNoWorker && c.Code != events.CauseUnserved
	})
}

// audited reads the whole journal.
func (r *turns) audited(ctx context.Context, name string) error {
	report, err := r.API().Audit(ctx, nil)
	if err != nil {
		return err
	}
	found := report.Findings
	// 92af73b compares the causes in the listing too, whose words are another build's.
	if r.Settings.Bin == r.last {
		found = slices.DeleteFunc(found, func(f audit.Finding) bool { return f.What == "listing" })
	}
	sound := proof.Need(len(found) == 0, "%+v", found)
	r.Row(sound, name+": records audited", report.Records, fmt.Sprintf("%d findings", len(found)))
	return nil
}

// sagas are all at rest that the API can show, by id. Causes are left out: who works and what is paused are a daemon's
// own.
func (s *stage) sagas(ctx context.Context) (map[string]string, error) {
	list, err := s.API().List(ctx, nil)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, newest := range list {
		key, _, err := events.ParseSaga(newest.ID)
		if err != nil {
			return nil, err
		}
		for n := uint64(1); ; n++ {
			v, err := s.API().Show(ctx, saga.State{Key: key}.SagaID(n))
			if err != nil {
				break // there are no more
			}
			if v.Status == events.SagaRunning {
				continue // a saga that this build has to end
			}
			v.Why = nil
			text, err := json.Marshal(v)
			if err != nil {
				return nil, err
			}
			all[v.ID] = string(text)
		}
	}
	return all, nil
}

// sameSagas is nil when all that were shown are shown alike.
func sameSagas(before, after map[string]string) error {
	for id, was := range before {
		if is := after[id]; is != was {
			return fmt.Errorf("%s was %s and is %s", id, was, is)
		}
	}
	return nil
}

// end lets this build end what its last turn has left, and withdraw everything.
func (r *turns) end(ctx context.Context) error {
	if err := r.up(ctx); err != nil {
		return err
	}
	const name = "end: this build"
	if err := r.takeOver(ctx, name); err != nil {
		return err
	}
	list, err := r.API().List(ctx, nil)
	if err != nil {
		return err
	}
	var orders []lab.Order
	for _, v := range list {
		if v.Action == "apply" {
			orders = append(orders, lab.Order{Name: v.Connection, Service: "-"})
		}
	}
	ends := r.RunAll(ctx, orders)
	gone := errors.Join(lab.AllEnded(ends, events.SagaCompleted), r.Clean(ctx))
	r.Row(gone, name+": withdrawn, world clean", len(ends), "")
	effects, err := r.Effects(ctx)
	r.Row(errors.Join(err, proof.OneLive(effects)), name+": effects on named objects, none twice", len(effects), "")
	if err := r.audited(ctx, name); err != nil {
		return err
	}
	return r.down()
}
