package mutants

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
)

// A mutant is one countermeasure switched off in a test build: in a file a text, which is there once, is another.
type mutant struct {
	name, file, old, new string
	// suites are tried in this order, the cheapest first, until one catches it; with every, each of them has to.
	suites []string
	every  bool
}

// The suites, as arguments of go test.
const (
	suiteSaga    = "./saga ./saga/orchestrator ./saga/audit"
	suiteWorkers = "./workers"
	suiteCrash   = "./adapters/faulty -run TestEveryCrashPoint -args -crash.steps=2"
	suiteSim     = "./saga -run Simulation -args -saga.n=3000"
	// The readers of the table of next moves, each for itself.
	suiteDecide = "./saga -run TestMoments/.*/decide"
	suiteDue    = "./saga -run TestMoments/.*/due"
	suiteWhy    = "./saga -run TestMoments/.*/why"
	suiteJet    = "./adapters/jetstream -run TestJournal"
)

var mutants = []mutant{
	{
		name: "no expectation", file: "adapters/jetstream/record.go", suites: []string{suiteJet},
		old: "	m.Header.Set(js.ExpectedLastSubjSeqHeader, strconv.FormatUint(after.sequence, 10))\n",
		new: "	_, _ = js.ExpectedLastSubjSeqHeader, strconv.FormatUint(after.sequence, 10)\n",
	},
	{
		name: "acknowledge before append", file: "saga/orchestrator/turn.go", suites: []string{suiteSaga, suiteCrash},
		old: "	landed, lost := o.append(ctx, landing)\n",
		new: "	for _, w := range landing {\n		for i, j := range w.jobs {\n			if j.done != nil " +
			"{\n				j.done <- w.answers[i]\n				w.jobs[i].done = nil\n			}\n" +
			"		}\n	}\n	landed, lost := o.append(ctx, landing)\n",
	},
	{
		name: "no write-ahead", file: "saga/orchestrator/turn.go", suites: []string{suiteSaga, suiteCrash},
		old: "	landed, lost := o.append(ctx, landing)\n",
		new: "	for _, w := range landing {\n		early, _ := o.commands(w)\n" +
			"		_ = o.opts.Bus.Publish(ctx, early...)\n	}\n	landed, lost := o.append(ctx, landing)\n",
	},
	{
		name: "no look when unsure", file: "saga/applystep.go", suites: []string{suiteSaga, suiteSim},
		old: "		t.Open, t.Next = nil, &Next{Verb: events.Look, At: f.At}\n		if f.QuietAt",
		new: "		t.Open, t.Next = nil, &Next{Verb: t.Open.Verb, At: f.At}\n		if f.QuietAt",
	},
	{
		name: "no quiet before undo", file: "saga/retry.go", suites: []string{suiteSaga, suiteSim},
		old: "func (l Limits) quiet() time.Duration { return l.Quiet + l.Skew }",
		new: "func (l Limits) quiet() time.Duration { return 0 }",
	},
	{
		name: "no fence", file: "saga/report.go", suites: []string{suiteSaga, suiteSim},
		old: "st.Open == nil || st.Open.Epoch != r.Epoch {", new: "st.Open == nil {",
	},
	{
		name: "wrong undo order", file: "saga/move_step.go", suites: []string{suiteSaga, suiteSim},
		old: "if first := t.s.Saga.goesBackFirst(st); first != nil {",
		new: "if first := t.s.Saga.goesBackFirst(st); first == st {",
	},
	{
		name: "no claim", file: "workers/poolrules.go", suites: []string{suiteWorkers},
		old: "		used[h.Value] = true\n", new: "",
	},
	{
		name: "no tombstone", file: "workers/claimrules.go", suites: []string{suiteWorkers},
		old: "		return h.Dropped && h.Revision <= r.InForce && now.After(h.Until)\n",
		new: "		return h.Dropped\n",
	},
	{
		name: "de-duplication in memory only", file: "saga/apply.go", suites: []string{suiteSaga, suiteCrash},
		old: "		s.Accepted = append(s.Accepted, " +
			"Accepted{Source: in.Source, ID: in.ID, Digest: in.Digest, Saga: f.Saga})\n",
		new: "		_ = in\n",
	},
	{
		name: "undo on unsure", file: "saga/report.go", suites: []string{suiteSaga, suiteSim},
		old: "	case o.Class == events.Unsure && mutates:\n",
		new: "	case o.Class == events.Unsure && mutates && !st.Back && g.Direction == " +
			"Making:\n		t.add(StepRefused{Ref: ref, At: t.now, Epoch: r.Epoch, Message: o.Message})\n" +
			"	case o.Class == events.Unsure && mutates:\n",
	},
	{
		name: "no retry cap", file: "saga/move_step.go", suites: []string{suiteSaga, suiteSim},
		old: "	case st.Tries >= tries:\n		return true, zeroTime\n	case st.Since.IsZero():",
		new: "	case st.Tries >= tries && budget < 0:\n		return true, zeroTime\n	case st.Tries >= 0:",
	},
	{
		name: "a move without its block", file: "saga/move_step.go", suites: []string{suiteDecide, suiteDue, suiteWhy},
		every: true,
		old:   "		m.Block.By = BlockedByHold\n		if m.step.HeldAt", new: "		if m.step.HeldAt",
	},
	{
		name: "a move without its time", file: "saga/move_step.go", suites: []string{suiteDecide, suiteDue, suiteWhy},
		every: true,
		old:   "	m := Move{Act: ActRequest, Verb: verb, At: st.Next.At, step: st}\n	m.Pace = paceOf(st, m.At)\n",
		new:   "	m := Move{Act: ActRequest, Verb: verb, step: st}\n	m.Pace = paceOf(st, st.Next.At)\n",
	},
	{
		name: "a move without its patience", file: "saga/move_step.go", suites: []string{
			suiteDecide, suiteDue, suiteWhy,
		}, every: true,
		old: "	return false, st.Since.Add(budget)\n", new: "	return false, zeroTime\n",
	},
	{
		name: "Due without the noting of a hold", file: "saga/move.go", suites: []string{suiteDue}, every: true,
		old: "		if m.Block.By != BlockedByNothing {\n			continue\n		}\n		at := m.when()",
		new: "		if m.Block.By != BlockedByNothing || m.Act == ActNoteHold " +
			"{\n			continue\n		}\n		at " +
			":= " +
			"m.when()",
	},
}

// proveMutants: the provers are proved. Each countermeasure is switched off in a build of the tests (go test -overlay),
// and a suite has to fail; without a mutant all of them pass.
func proveMutants(ctx context.Context, s lab.Settings) error {
	dir, err := os.MkdirTemp("", "culvert-mutants-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	t := &proof.Table{Header: "countermeasure-off caught-by how seconds"}
	for _, suite := range []string{suiteSaga, suiteWorkers, suiteCrash, suiteSim, suiteJet} {
		began := time.Now()
		out, err := goTest(ctx, suite, "")
		t.Row(proof.Need(err == nil, "it fails without a mutant: %s", firstFailure(out)), "none", suite, "passes",
			int(time.Since(began).Seconds()))
	}
	bySuite := func(ctx context.Context, m mutant, overlay string) (by, how string, err error) {
		return m.tried(ctx, overlay)
	}
	return trials{t, dir, s.Only, bySuite}.of(ctx, mutants)
}

// trials are made of one mutant after the other.
type trials struct {
	*proof.Table
	dir, only string
	// try builds with an overlay, and gives who catches the mutant, "-" for nobody, and by what.
	try func(ctx context.Context, m mutant, overlay string) (by, how string, err error)
}

// of tells who catches each mutant, and prints the table, also when one cannot be built.
func (t trials) of(ctx context.Context, all []mutant) error {
	caught, tried := 0, 0
	for i, m := range all {
		if !strings.Contains(m.name, t.only) {
			continue
		}
		overlay, err := m.overlay(t.dir, i)
		if err != nil {
			return errors.Join(err, t.Print())
		}
		began := time.Now()
		by, how, err := t.try(ctx, m, overlay)
		if err != nil {
			return errors.Join(fmt.Errorf("mutant %q: %w", m.name, err), t.Print())
		}
		if tried++; by != "-" {
			caught++
		}
		t.Row(proof.Need(by != "-", "nobody catches it"), m.name, by, how, int(time.Since(began).Seconds()))
	}
	fmt.Printf("%d of %d mutants caught\n", caught, tried)
	return t.Print()
}

// tried runs the suites on the mutant and gives who caught it, and by which test; "-" when it was not caught as it
// should be.
func (m mutant) tried(ctx context.Context, overlay string) (by, how string, err error) {
	var caught, tests []string
	for _, suite := range m.suites {
		out, err := goTest(ctx, suite, overlay)
		switch {
		case err == nil && m.every:
			return "-", "missed by " + suite, nil
		case err == nil:
			continue
		case strings.Contains(out, "[build failed]"):
			return "", "", fmt.Errorf("mutant %q does not compile: %s", m.name, out)
		}
		caught, tests = append(caught, suite), append(tests, firstFailure(out))
		if !m.every {
			break
		}
	}
	if len(caught) == 0 {
		return "-", "", nil
	}
	return strings.Join(caught, " and "), strings.Join(tests, " and "), nil
}

// overlay writes the mutated file, and the file that tells go test to take it for the other.
func (m mutant) overlay(dir string, i int) (string, error) {
	text, err := os.ReadFile(m.file)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(text), m.old); n != 1 {
		return "", fmt.Errorf("mutant %q: its text is %d times in %s", m.name, n, m.file)
	}
	mutated := filepath.Join(dir, fmt.Sprintf("%d.go", i))
	if err := os.WriteFile(mutated, []byte(strings.Replace(string(text), m.old, m.new, 1)), 0o600); err != nil {
		return "", err
	}
	original, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{original: mutated}})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, fmt.Sprintf("%d.json", i))
	return overlay, os.WriteFile(overlay, list, 0o600)
}

// goTest runs a suite, with an overlay if there is one.
func goTest(ctx context.Context, suite, overlay string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	args := []string{"test", "-vet=off", "-failfast", "-timeout=4m"}
	if overlay != "" {
		args = append(args, "-overlay="+overlay)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, strings.Fields(suite)...)...)
	out, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		return "", err
	}
	return string(out), err
}

// firstFailure is the first test that failed.
func firstFailure(out string) string {
	for line := range strings.Lines(out) {
		if name, is := strings.CutPrefix(strings.TrimSpace(line), "--- FAIL: "); is {
			name, _, _ = strings.Cut(name, " ")
			return name
		}
		if strings.HasPrefix(line, "panic:") {
			return strings.TrimSpace(line)
		}
	}
	return "fails"
}
