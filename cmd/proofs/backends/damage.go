package backends

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/campaign"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/events/pause"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/audit"
)

// A wound is one way to change a journal behind Culvert's back. The victim is the connection damage-0001, whose journal
// has snapshots; what is what the doctor has to call it.
type wound struct {
	name, sql, what string
	// later journals are damaged after an audit whose heads were kept elsewhere.
	against bool
}

const victim = "default_damage-0001"

var wounds = []wound{
	{name: "a fact edited", what: "edited", sql: `
		UPDATE records SET facts = convert_to(replace(convert_from(facts, 'UTF8'), '"at":"2', '"at":"1'), 'UTF8')
		WHERE key = $1 AND version = 5`},
	{name: "a record's id edited", what: "edited",
		sql: `UPDATE records SET id = 'forged' WHERE key = $1 AND version = 7`},
	{name: "a record removed", what: "missing", sql: `DELETE FROM records WHERE key = $1 AND version = 9`},
	{name: "two records swapped", what: "edited", sql: `
		UPDATE records a SET facts = b.facts FROM records b
		WHERE a.key = $1 AND b.key = $1 AND (a.version, b.version) IN ((10, 11), (11, 10))`},
	{name: "the newest records cut off", what: "missing", sql: `
		WITH cut AS (DELETE FROM records
			WHERE key = $1 AND version > (SELECT max(version) - 3 FROM records WHERE key = $1))
		UPDATE connections SET version = version - 3 WHERE key = $1`},
	{name: "the newest cut off after the last checkpoint", what: "missing", against: true, sql: `
		WITH cut AS (DELETE FROM records
			WHERE key = $1 AND version = (SELECT max(version) FROM records WHERE key = $1)),
		gone AS (DELETE FROM records WHERE key = 'culvert_checkpoints'),
		unlisted AS (DELETE FROM connections WHERE key = 'culvert_checkpoints')
		UPDATE connections SET version = version - 1 WHERE key = $1`},
	{name: "a record copied to the end", what: "edited", sql: `
		WITH copy AS (INSERT INTO records (position, key, version, id, at, facts)
			SELECT (SELECT max(position) + 1 FROM records), key,
				(SELECT max(version) + 1 FROM records WHERE key = $1), 'copy', at, facts
			FROM records WHERE key = $1 AND version = 12)
		UPDATE connections SET version = version + 1, position = (SELECT max(position) + 1 FROM records)
		WHERE key = $1`},
	{name: "another connection's record put in", what: "edited", sql: `
		UPDATE records a SET facts = b.facts, id = b.id FROM records b
		WHERE a.key = $1 AND b.key = 'default_damage-0002' AND a.version = 6 AND b.version = 6`},
	{name: "a snapshot edited", what: "snapshot", sql: `
		UPDATE records r
		SET snapshot = convert_to(replace(convert_from(snapshot, 'UTF8'), '"sagas":', '"sagas":1'), 'UTF8')
		FROM connections c WHERE r.key = $1 AND c.key = $1 AND r.version = c.snapshot_version`},
	{name: "the listing edited", what: "listing", sql: `
		UPDATE connections SET summary = replace(summary, 'completed', 'compensated') WHERE key = $1`},
	{name: "a whole connection removed", what: "missing", sql: `
		WITH gone AS (DELETE FROM records WHERE key = $1) DELETE FROM connections WHERE key = $1`},
}

// damage: a journal of real sagas on PostgreSQL is copied and changed in eleven ways by SQL; the doctor finds each,
// names the connection, and finds nothing in the one that nobody has touched.
func damage(ctx context.Context, s lab.Settings) error {
	return lab.WithWorld(ctx, s.Filled(12, 0), damageEach)
}

func damageEach(ctx context.Context, l *lab.Lab) error {
	g, f, err := lab.StartGoogle(ctx, l)
	if err != nil {
		return err
	}
	heads, err := wounded(ctx, l, f)
	if err != nil {
		return err
	}
	t := &proof.Table{Header: "damage found verdict-of-the-doctor"}
	for i, w := range append([]wound{{name: "none"}}, wounds...) {
		copied, err := copy(ctx, g, fmt.Sprintf("wound%d", i))
		if err != nil {
			return err
		}
		report, err := examine(ctx, l, slices.Replace(slices.Clone(f.Flags), 1, 2, copied), w, heads)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		t.Row(w.judge(report), w.name, len(report.Findings), first(report.Findings))
	}
	return t.Print()
}

// wounded makes a journal: sagas of a few connections, and one connection that has had many. It waits for a checkpoint
// and gives the file with the heads.
func wounded(ctx context.Context, l *lab.Lab, f *lab.Backend) (heads string, err error) {
	l.Extra = []string{"--checkpoint-every", "1s"}
	crew := lab.NewCrew(l, f)
	orchestrator, err := crew.Join(ctx, "orchestrator")
	if err != nil {
		return "", err
	}
	worker, err := crew.Join(ctx, "worker")
	if err != nil {
		return "", err
	}
	l.Daemon = orchestrator
	c := campaign.New(l, "damage")
	c.Start(ctx)
	<-c.Done
	o := campaign.Order("damage", 1)
	for range 3 { // past the first snapshot
		if !c.Saga(ctx, o.Name, o.Event()) || !c.Saga(ctx, o.Name, lab.Withdraw(o.Name)) {
			return "", fmt.Errorf("the victim's sagas did not complete: %v", c.Misses)
		}
	}
	if heads, err = keepHeads(ctx, l); err != nil {
		return "", err
	}
	if err := errors.Join(worker.Stop(), orchestrator.Stop()); err != nil {
		return "", err
	}
	l.Extra = nil
	return heads, nil
}

// keepHeads waits until nothing is added to the journal any more, checkpoints included, and keeps its heads in a file.
func keepHeads(ctx context.Context, l *lab.Lab) (file string, err error) {
	for before := -1; ; {
		report, err := l.API().Audit(ctx, nil)
		if err != nil {
			return "", err
		}
		if len(report.Findings) > 0 {
			return "", fmt.Errorf("findings in a sound journal: %+v", report.Findings)
		}
		if report.Checkpoints > 0 && report.Records == before {
			text, err := json.Marshal(report)
			if err != nil {
				return "", err
			}
			file = filepath.Join(l.Dir, "heads.json")
			return file, os.WriteFile(file, text, 0o600)
		}
		before = report.Records
		if err := pause.For(ctx, 3*time.Second); err != nil {
			return "", err
		}
	}
}

// copy makes a copy of the database under another name; nobody may be connected to it.
func copy(ctx context.Context, g *lab.Google, name string) (url string, err error) {
	conn, err := pgx.Connect(ctx, g.DB.URL("postgres"))
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE d1"); err != nil {
		return "", fmt.Errorf("copy database: %w", err)
	}
	return g.DB.URL(name), nil
}

// examine damages a copy, starts a daemon on it, which is held, and asks the doctor, as an operator does.
func examine(ctx context.Context, l *lab.Lab, flags []string, w wound, heads string) (audit.Report, error) {
	var report audit.Report
	if w.sql != "" {
		conn, err := pgx.Connect(ctx, flags[1])
		if err != nil {
			return report, err
		}
		done, err := conn.Exec(ctx, w.sql, victim)
		if err = errors.Join(err, conn.Close(ctx)); err != nil {
			return report, err
		}
		if done.RowsAffected() == 0 {
			return report, errors.New("the damage changed nothing")
		}
	}
	p, err := l.Start(ctx, "examined", append([]string{"--role", "orchestrator", "--paused", "--world", l.World},
		flags...)...)
	if err != nil {
		return report, err
	}
	args := []string{"--server", p.At.HTTP, "doctor", "--journal", "-o", "json"}
	if w.against {
		args = append(args, "--against", heads)
	}
	out, err := exec.CommandContext(ctx, filepath.Join(l.Settings.Bin, "culvert"), args...).Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		return report, fmt.Errorf("culvert doctor: %w", err)
	}
	if err := json.Unmarshal(out, &report); err != nil {
		return report, fmt.Errorf("culvert doctor said %s: %w", out, err)
	}
	if (exit != nil) != (len(report.Findings) > 0) {
		return report, fmt.Errorf("exit code of the doctor with %d findings: %v", len(report.Findings), err)
	}
	return report, p.Stop()
}

// judge wants the damage to be found and called by its name, and nothing else to be called damaged.
func (w wound) judge(r audit.Report) error {
	if w.sql == "" {
		return proof.Need(len(r.Findings) == 0, "%+v", r.Findings)
	}
	for _, f := range r.Findings {
		if f.Key.String() != victim && f.Key != saga.CheckpointKey {
			return fmt.Errorf("found at %s, which is sound: %+v", f.Key, f)
		}
	}
	return proof.Need(slices.ContainsFunc(r.Findings,
		func(f audit.Finding) bool { return f.Key.String() == victim && f.What == w.what }),
		"not found as %s: %+v", w.what, r.Findings)
}

func first(all []audit.Finding) string {
	if len(all) == 0 {
		return "-"
	}
	f := all[0]
	return fmt.Sprintf("%s %s@%d: %.70s", f.What, f.Key, f.Version, f.Detail)
}
