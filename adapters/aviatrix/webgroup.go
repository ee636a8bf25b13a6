package aviatrix

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/policy"
)

// WebGroups is the filter by the distributed firewall, controllers from 9.0: a SmartGroup for the source, a WebGroup
// for the names and a SmartGroup for the ranges of each protocol and set of ports, all named after the filter. Its
// rules stand in the one rule set on the controller's attachment point, which the driver's Rules keep.
func (c *Client) WebGroups() policy.Driver {
	return policy.Driver{Filters: webgroups{c}, Rules: webgroups{c}}
}

type webgroups struct{ c *Client }

var (
	_ policy.Filters   = webgroups{}
	_ policy.RuleLists = webgroups{}
)

// Check implements [policy.Filters].
func (d webgroups) Check(ctx context.Context, f policy.Filter) (policy.Place, error) {
	ctl, err := d.c.controller(f.Controller)
	if err != nil {
		return policy.Place{}, err
	}
	v, err := ctl.version(ctx)
	if err != nil {
		return policy.Place{}, err
	}
	if !v.webgroups() {
		return policy.Place{}, workers.Refuse("unsupported",
			"check controller %s: version %s; WebGroups are used from 9.0, use aviatrix-fqdn", ctl.name, v)
	}
	g, err := ctl.filterSpoke(ctx, f)
	if err != nil {
		return policy.Place{}, err
	}
	if _, err := aims(f); err != nil {
		return policy.Place{}, err
	}
	if !bool(g.SourceNAT) {
		return policy.Place{}, workers.Refuse("source-nat-off",
			"check gateway %s of %s: WebGroups need source NAT; enable it", g.Name, ctl.name)
	}
	void, err := ctl.unenforced(ctx, g, v)
	if err != nil {
		return policy.Place{}, err
	}
	if void != "" {
		return policy.Place{}, workers.Refuse("void", "check controller %s: %s", ctl.name, void)
	}
	set, err := ctl.ruleSet(ctx)
	if err != nil {
		return policy.Place{}, err
	}
	if void, err = ctl.decided(ctx, f, set, nil); err != nil {
		return policy.Place{}, err
	}
	if void != "" {
		return policy.Place{}, workers.Refuse("void", "check rule sets of %s: %s", ctl.name, void)
	}
	return policy.Place{NextHopIP: g.PrivateIP, Tagged: v.tags(), Policy: ctl.point}, nil
}

// firewallOn tells whether the distributed firewall is enabled; before that its attachment points have wrong ids (9.0
// release note AVX-75145).
func (c *controller) firewallOn(ctx context.Context) (bool, error) {
	var status struct {
		Enabled flag `json:"enabled"`
	}
	in := call{action: "get_controller_feature", method: http.MethodPost, asJSON: true,
		fields: url.Values{"feature": {"microseg"}}}
	if err := c.action(ctx, in, &status); err != nil {
		return false, fmt.Errorf("read distributed firewall of %s: %w", c.name, err)
	}
	return bool(status.Enabled), nil
}

// Get implements [policy.Filters]. InForce says that the groups are as asked and the rules stand in the shared set;
// Void, that something before them decides.
func (d webgroups) Get(ctx context.Context, f policy.Filter) (policy.Filter, error) {
	ctl, err := d.c.controller(f.Controller)
	if err != nil {
		return policy.Filter{}, err
	}
	list, err := aims(f)
	if err != nil {
		return policy.Filter{}, err
	}
	wanted, err := wantedGroups(f, list)
	if err != nil {
		return policy.Filter{}, err
	}
	have, err := ctl.groups(ctx)
	if err != nil {
		return policy.Filter{}, err
	}
	if len(own(f, have)) == 0 {
		return policy.Filter{}, fmt.Errorf("find groups of filter %s of %s: %w", f.Name, ctl.name, workers.ErrNotFound)
	}
	got := f
	got.Owner, got.InForce, got.Void = "", false, ""
	got.Source = strings.Join(have[f.Name+"-src"].values(keyCIDR), ",")
	if !complete(wanted, have) {
		got.Rules = rulesOf(f, list, have)
		return got, nil
	}
	lines, err := renderLines(f, list, have)
	if err != nil {
		return policy.Filter{}, err
	}
	set, err := ctl.ruleSet(ctx)
	if err != nil {
		return policy.Filter{}, err
	}
	if got.InForce = contains(set.lines(), lines); got.InForce {
		got.Void, err = ctl.void(ctx, f, set, have)
		return got, err
	}
	got.Void, err = ctl.off(ctx)
	return got, err
}

// own are the groups that carry the filter's name, sorted.
func own(f policy.Filter, have map[string]group) []group {
	var out []group
	for _, name := range sortedKeys(have) {
		if strings.HasPrefix(name, f.Name+"-") {
			out = append(out, have[name])
		}
	}
	return out
}

func contains(list, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(w string) bool { return !slices.Contains(list, w) })
}

func complete(wanted []group, have map[string]group) bool {
	return !slices.ContainsFunc(wanted, func(g group) bool { return !have[g.Name].same(g) })
}

// rulesOf is the way back from groups to rules, for the aims that the filter asks for.
func rulesOf(f policy.Filter, list []aim, have map[string]group) []policy.Rule {
	var out []policy.Rule
	for _, a := range list {
		if a.keep {
			continue
		}
		for _, v := range have[f.Name+"-"+a.suffix].values(a.key) {
			r := policy.Rule{Protocol: a.protocol, Ports: a.ports}
			if a.key == keySNI {
				r.FQDN = v
			} else {
				r.CIDR = v
			}
			out = append(out, r)
		}
	}
	return out
}

// Put implements [policy.Filters]: the groups. A group that the filter no longer asks for goes when no rule names it;
// until then it stays, and Remove finds it by its name.
func (d webgroups) Put(ctx context.Context, _ uuid.UUID, f policy.Filter) error {
	ctl, err := d.c.controller(f.Controller)
	if err != nil {
		return err
	}
	list, err := aims(f)
	if err != nil {
		return err
	}
	wanted, err := wantedGroups(f, list)
	if err != nil {
		return err
	}
	have, err := ctl.groups(ctx)
	if err != nil {
		return err
	}
	for _, g := range wanted {
		if err := ctl.putGroup(ctx, g, have); err != nil {
			return err
		}
	}
	if err := ctl.prune(ctx, f, wanted, have); err != nil {
		return err
	}
	back, err := ctl.groups(ctx)
	if err != nil {
		return workers.Unsure("read-back", err)
	}
	if !complete(wanted, back) {
		return workers.Unsure(
			"read-back", fmt.Errorf("put groups of filter %s of %s: read back %v", f.Name, ctl.name, own(f, back)),
		)
	}
	return nil
}

// prune drops the filter's groups that it no longer asks for and no rule names.
func (c *controller) prune(ctx context.Context, f policy.Filter, wanted []group, have map[string]group) error {
	stale := slices.DeleteFunc(own(f, have), func(g group) bool {
		return slices.ContainsFunc(wanted, func(w group) bool { return w.Name == g.Name })
	})
	if len(stale) == 0 {
		return nil
	}
	set, err := c.ruleSet(ctx)
	if err != nil {
		return err
	}
	for _, g := range stale {
		if set.names(g.UUID) {
			continue
		}
		if err := c.dropGroup(ctx, g); err != nil {
			return err
		}
	}
	return nil
}

// Remove implements [policy.Filters]. The rules leave the shared set before; the controller refuses otherwise.
func (d webgroups) Remove(ctx context.Context, _ uuid.UUID, f policy.Filter) error {
	ctl, err := d.c.controller(f.Controller)
	if err != nil {
		return err
	}
	have, err := ctl.groups(ctx)
	if err != nil {
		return err
	}
	for _, g := range own(f, have) {
		if err := ctl.dropGroup(ctx, g); err != nil {
			return err
		}
	}
	return nil
}
