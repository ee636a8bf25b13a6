package mutants

import (
	"context"
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

// reachMutants are faults of the model of reach: a rule dropped, an order swapped, a family or a direction forgotten.
// Whoever finds them must not be the model's own tests: the vendors' documented examples and the world's judge do.
var reachMutants = inModel([]mutant{
	{name: "policies are never asked first", file: "firewall.go", old: "if f.PoliciesFirst {", new: "if false {"},
	{name: "what nobody lets in comes in", file: "firewall.go",
		old: "		return pass, drop.Union(left)\n", new: "		return pass.Union(left), drop\n"},
	{name: "the highest number first", file: "firewall.go",
		old: "cmp.Compare(a.Priority, b.Priority)", new: "cmp.Compare(b.Priority, a.Priority)"},
	{name: "an allow before a deny of one number", file: "firewall.go",
		old: "cmp.Compare(rank(a), rank(b))", new: "cmp.Compare(rank(b), rank(a))"},
	{name: "a rule that is off counts", file: "firewall.go", old: "!rule.Disabled && ", new: ""},
	{name: "no policy of the organisation", file: "firewall.go",
		old: "r.policies(g, \"hierarchical policy\", f.Hierarchical),\n		", new: ""},
	{name: "no policy of the region", file: "firewall.go",
		old: ",\n		r.policies(g, \"regional policy\", f.Regional))", new: ")"},
	{name: "a rule of another network counts", file: "clause.go",
		old: "if len(t.Networks) > 0 && !slices.Contains(t.Networks, realm) {", new: "if false {"},
	{name: "a rule for a tag is for everybody", file: "clause.go",
		old: "return truth(shares(t.Tags, who.Tags) ||", new: "return truth(len(t.Tags) > 0 ||"},
	{name: "no account is a source", file: "clause.go",
		old: "slices.Contains(src.Accounts, p.who.Account) && p.who.Account != \"\"", new: "false"},
	{name: "tags go over a peering", file: "forward.go",
		old: "p.realm, p.peered, p.who.Tags, p.who.Account = next.Realm, true, nil, \"\"",
		new: "p.realm, p.peered = next.Realm, true"},
	{name: "rules close the metadata server", file: "routes.go",
		old: "always := p.flows.within(EveryAddress(), metadataServer(), []Layer4{EveryProtocol()})",
		new: "always := p.flows.within(EveryAddress(), Ranges{}, []Layer4{EveryProtocol()})"},
	{name: "the shortest prefix first", file: "table.go",
		old: "cmp.Compare(b.Dst.Bits(), a.Dst.Bits())", new: "cmp.Compare(a.Dst.Bits(), b.Dst.Bits())"},
	{name: "the highest priority of routes", file: "table.go",
		old: "cmp.Compare(a.Priority, b.Priority)", new: "cmp.Compare(b.Priority, a.Priority)"},
	{name: "subnetworks are not first", file: "routes.go",
		old: "		func(one Route) bool { return one.Kind != SubnetRoute }))\n",
		new: "		func(one Route) bool { return one.Kind == SubnetRoute }))\n"},
	{name: "a route for a tag is for everybody", file: "table.go",
		old: "return tagged(one.Tags, who).and(inRegion(one.Region, who))", new: "return inRegion(one.Region, who)"},
	{name: "a route of a region is for every region", file: "table.go",
		old: "return tagged(one.Tags, who).and(inRegion(one.Region, who))", new: "return tagged(one.Tags, who)"},
	{name: "a dead next hop is used", file: "table.go", old: "return one.Next.State == Down || ", new: "return "},
	{name: "imported routes beside one's own", file: "table.go",
		old: "			counts = counts.and(beside.leave)\n", new: ""},
	{name: "the way to the Internet is exported", file: "imported.go",
		old: " || one.Next.Kind == ToInternet", new: ""},
	{name: "routes with tags are exported", file: "imported.go", old: "len(one.Tags) > 0 ||\n			", new: ""},
	{name: "the last policy-based route", file: "routes.go",
		old: "return cmp.Compare(a.Priority, b.Priority) })", new: "return cmp.Compare(b.Priority, a.Priority) })"},
	{name: "a policy-based route for everybody", file: "routes.go",
		old: "fits: tagged(one.Tags, p.who)}", new: "fits: yes}"},
	{name: "no special way to an endpoint", file: "routes.go",
		old: "left := r.special(n, p)", new: "left := p.flows"},
	{name: "a NAT of every region", file: "exit.go",
		old: "if p.who.Region != \"\" && nat.Region != p.who.Region {", new: "if false {"},
	{name: "a NAT of every subnetwork", file: "exit.go",
		old: "p.from(left, nat.Covers)", new: "p.from(left, EveryAddress())"},
	{name: "Google's access without the switch", file: "exit.go", old: "if s.PrivateGoogle {", new: "if true {"},
	{name: "mail passes", file: "exit.go", old: "Protocol(TCP, Port(25))", new: "Protocol(TCP, Port(26))"},
	{name: "one family's address for both", file: "exit.go",
		old: "has := p.who.External6", new: "has := p.who.External4"},
	{name: "local IPv6 addresses in the Internet", file: "exit.go", old: ", \"fc00::/7\", \"fe80::/10\")", new: ")"},
	{name: "Google takes every protocol", file: "exit.go",
		old: "[]Layer4{Protocol(TCP, Port(80), Port(443))}", new: "[]Layer4{EveryProtocol()}"},
	{name: "peers reach endpoints", file: "forward.go", old: "	case p.peered:\n", new: "	case false:\n"},
	{name: "a stopped machine answers", file: "forward.go",
		old: "		case i.Stopped:\n", new: "		case false:\n"},
	{name: "somebody is at every address", file: "forward.go",
		old: "if len(doubts) == 0 && !r.question.Inhabited {", new: "if false {"},
	{name: "answers need a rule", file: "forward.go",
		old: "	if !r.question.Answer {\n		pass, drop := r.firewall(gate{n, p, who, true})",
		new: "	if true {\n		pass, drop := r.firewall(gate{n, p, who, true})"},
	{name: "nobody looks at the way back", file: "back.go",
		old: "lifted(v.May.Intersect(mayBack), q.Flows, out.atoms)", new: "lifted(v.May, q.Flows, out.atoms)"},
	{name: "a connector carries everything", file: "source.go", old: "pass := of(TCP, UDP)", new: "pass := p.flows"},
	{name: "shared addresses are public", file: "source.go", old: "\"100.64.0.0/10\", ", new: ""},
})

// inModel are mutants of files of the model.
func inModel(all []mutant) []mutant {
	for i := range all {
		all[i].file = "events/reach/" + all[i].file
	}
	return all
}

// reachWorlds are as many random worlds as a mutant is tried in.
const reachWorlds = "100"

// proveReachMutants builds the proofs with one fault of the model at a time. Each has to be found: a documented example
// or a random world contradicts it. Without a fault nothing is contradicted.
func proveReachMutants(ctx context.Context, s lab.Settings) error {
	dir, err := os.MkdirTemp("", "culvert-reach-mutants-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	t := &proof.Table{Header: "fault-of-the-model found-by how seconds"}
	find := func(ctx context.Context, _ mutant, overlay string) (by, how string, err error) {
		return foundBy(ctx, dir, overlay)
	}
	began := time.Now()
	by, how, err := foundBy(ctx, dir, "")
	if err != nil {
		return err
	}
	t.Row(proof.Need(by == "-", "the proofs fail without a fault"), "none", by, how, int(time.Since(began).Seconds()))
	return trials{t, dir, s.Only, find}.of(ctx, reachMutants)
}

// foundBy builds the proofs, with an overlay if there is one, and gives the proof that fails and its first row that
// misses; "-" when none does.
func foundBy(ctx context.Context, dir, overlay string) (by, how string, err error) {
	bin := filepath.Join(dir, "proofs")
	build := exec.CommandContext(ctx, "go", "build", "-overlay="+overlay, "-o", bin, "./cmd/proofs")
	out, err := build.CombinedOutput()
	if err != nil {
		return "", "", fmt.Errorf("build: %w: %s", err, out)
	}
	for _, args := range [][]string{{"pages"}, {"reach", "--seed", "1", "--sagas", reachWorlds}} {
		out, err := exec.CommandContext(ctx, bin, args...).CombinedOutput()
		row := firstMiss(string(out))
		var failed *exec.ExitError
		switch {
		case err == nil:
		case !errors.As(err, &failed), row == "":
			return "", "", fmt.Errorf("%s: %w: %s", args[0], err, out)
		default:
			return args[0], row, nil
		}
	}
	return "-", "", ctx.Err()
}

// firstMiss is the name of the first row that misses.
func firstMiss(out string) string {
	for line := range strings.Lines(out) {
		if strings.Contains(line, "MISS") {
			return strings.Fields(line)[0]
		}
	}
	return ""
}
