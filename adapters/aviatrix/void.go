package aviatrix

import (
	"context"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/policy"
)

// unenforced says why the distributed firewall would not decide about what passes a gateway, and what to do about it;
// empty when it would: the feature is on, the deployment policy has the gateway's cloud, and the gateway translates
// sources, without which nothing that a name is looked for in gets out (vendor's field reference).
func (c *controller) unenforced(ctx context.Context, g gateway, v version) (string, error) {
	if why, err := c.off(ctx); err != nil || why != "" {
		return why, err
	}
	providers, known, err := c.deployment(ctx, v)
	if err != nil {
		return "", err
	}
	if cloud := g.cloud(); known && !deployedTo(cloud, providers) {
		return "the distributed firewall of " + c.name + " is not deployed to " + cloud + ", the cloud of gateway " +
			g.Name + "; add it to the deployment policy", nil
	}
	return "", nil
}

// off says that the distributed firewall is off; empty when it is on.
func (c *controller) off(ctx context.Context) (string, error) {
	on, err := c.firewallOn(ctx)
	if err != nil || on {
		return "", err
	}
	return "the distributed firewall of " + c.name + " is off; enable it", nil
}

// void says why the filter would not bind its source although its groups and rules are there.
func (c *controller) void(ctx context.Context, f policy.Filter, set ruleSet) (string, error) {
	g, err := c.gateway(ctx, f.Gateway)
	if err != nil {
		return "", asRefusal(err, "no-gateway")
	}
	v, err := c.version(ctx)
	if err != nil {
		return "", err
	}
	switch void, err := c.unenforced(ctx, g, v); {
	case err != nil || void != "":
		return void, err
	case f.Default == "allow":
		return "", nil
	}
	for _, raw := range set.rules {
		if r := ruleOf(raw); r.passesAll() && r.Priority <= priorityDefault {
			return "rule " + r.Name + " before ours lets everything pass", nil
		}
	}
	if why := g.shut(); why != "" {
		return why, nil
	}
	return c.opened(ctx, set, v)
}

// shut says why nothing that the filter allows gets out of the gateway; empty when something does.
func (g gateway) shut() string {
	switch {
	case g.State != up && !g.paired():
		return "gateway " + g.Name + " is " + g.State + ", so nothing gets out; bring it up"
	case !bool(g.SourceNAT):
		return "gateway " + g.Name + " does not translate sources, so no name gets out; enable source NAT"
	}
	return ""
}

// opened names a rule of an earlier place that lets everything pass. Nothing is asked before the first place.
func (c *controller) opened(ctx context.Context, set ruleSet, v version) (string, error) {
	if c.point == points[0] {
		return "", nil
	}
	s := &survey{controller: c, release: v}
	l := s.look(actSets, "")
	sets := s.ordered(ctx, s.readSets(ctx), &l)
	if len(l.gaps) > 0 {
		return "", workers.Retry("unreadable", 0, c.unread(l))
	}
	for _, one := range sets {
		if one.name == text(set.raw["name"]) {
			return "", nil
		}
		for _, raw := range one.rules {
			if r := ruleOf(raw); r.passesAll() {
				return "rule " + r.Name + " of " + one.name + " before ours lets everything pass", nil
			}
		}
	}
	return "", nil
}
