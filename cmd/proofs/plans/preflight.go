package plans

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/adapters/gcp/permissions"
	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/workers"
)

// preflight: whatever one thing is missing in the cloud, a permission, an API or a policy's consent, is named, and it
// alone; and what is said to be needed is enough for every example, and needed by some.
func preflight(ctx context.Context, s lab.Settings) error {
	l, err := lab.New(s)
	if err != nil {
		return err
	}
	t := &proof.Table{Header: "part case project state"}
	p := &preflightProof{Lab: l, table: t}
	err = p.run(ctx)
	return errors.Join(err, t.Print(), l.Close())
}

// A preflightProof asks one daemon, between which and its worlds stands a switch.
type preflightProof struct {
	*lab.Lab
	table    *proof.Table
	switches *worldSwitch
	list     permissions.List
}

func (p *preflightProof) run(ctx context.Context) (err error) {
	if p.list, err = permissions.Load(); err != nil {
		return err
	}
	if p.switches, err = newWorldSwitch(ctx); err != nil {
		return err
	}
	p.Ends = append(p.Ends, p.switches.close)
	if p.Daemon, err = p.Start(ctx, "daemon", "--data", p.Dir+"/data", "--world", p.switches.at, "--sim-speed",
		"200"); err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{{"turns", p.eachInTurn}, {"policies", p.policiesInTurn}, {"examples", p.examples}} {
		if !strings.Contains(part.name, p.Settings.Only) {
			continue
		}
		if err := part.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// ask runs the command line in a world with some more lines about Google Cloud.
func (p *preflightProof) ask(
	ctx context.Context, lines string, args ...string,
) (v httpapi.Preflight, code int, err error) {
	if err = p.switches.turnTo(ctx, lines); err != nil {
		return v, 0, err
	}
	code, err = p.Command(ctx, &v, append([]string{"doctor", "--preflight", "-o", "json"}, args...)...)
	return v, code, err
}

// nothingGranted is a world in which nobody may do anything but ask.
func nothingGranted(more ...string) string {
	return accessOnly("", append(slices.Clone(more), "serviceusage.services.get", "orgpolicy.policy.get"))
}

// eachInTurn takes each permission and each API away from a world that has everything: what is asked for is what all
// worlds without it name.
func (p *preflightProof) eachInTurn(ctx context.Context) error {
	whole, code, err := p.ask(ctx, "")
	if err != nil {
		return err
	}
	p.table.Row(proof.Need(code == 0 && whole.Ready && len(whole.Findings) == 0, "exit code %d, found %v", code,
		whole.Findings), "nothing missing", "-", "-", fmt.Sprintf("%d there", whole.There))
	none, code, err := p.ask(ctx, nothingGranted()+allOff(p.list))
	if err != nil {
		return err
	}
	there := len(none.Findings) + none.There
	p.table.Row(proof.Need(code == 1 && there == whole.There, "exit code %d, %d findings and %d there, want %d", code,
		len(none.Findings), none.There, whole.There), "everything missing", "at once", "-",
		fmt.Sprintf("%d named", len(none.Findings)))
	named := 0
	for _, l := range none.Findings {
		miss, err := p.alone(ctx, l)
		if err != nil {
			return err
		}
		if miss == nil {
			named++
		}
		p.table.Row(miss, string(l.What), l.Name, l.Project, needed(l))
	}
	fmt.Printf("permissions and APIs, each missing in turn: %d of %d are named alone\n", named, len(none.Findings))
	return nil
}

func needed(l workers.Lack) string {
	if l.Optional != "" {
		return "optional"
	}
	return "required"
}

// alone tells what is wrong with the answer of a world in which one thing is missing.
func (p *preflightProof) alone(ctx context.Context, l workers.Lack) (miss, err error) {
	lines := fmt.Sprintf("  access: [{identity: \"*\", project: %s, without: [%s]}]\n", l.Project, l.Name)
	if l.What == workers.LackAPI {
		lines = fmt.Sprintf("  disabledApis: [{project: %s, apis: [%s]}]\n", l.Project, l.Name)
	}
	v, code, err := p.ask(ctx, lines)
	if err != nil {
		return nil, err
	}
	want := 1
	if l.Optional != "" {
		want = 0
	}
	if len(v.Findings) != 1 || code != want {
		return fmt.Errorf("exit code %d, found %v", code, v.Findings), nil
	}
	got := v.Findings[0]
	return proof.Need(got.What == l.What && got.Project == l.Project && got.Name == l.Name &&
		got.State == workers.Missing && got.Remedy != "", "found %+v", got), nil
}
