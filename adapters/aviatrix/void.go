package aviatrix

import (
	"context"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/policy"
)

// unenforced says why the distributed firewall would not decide about what passes a gateway, and what to do about it;
// empty when it would: the feature is on, and the deployment policy has the gateway's cloud.
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

// void says why the filter would not bind its source although its groups and rules are there. A gateway that does not
// translate sources lets no name out, so that nothing is looked for (vendor's field reference).
func (c *controller) void(ctx context.Context, f policy.Filter, set ruleSet, have map[string]group) (string, error) {
	g, err := c.gateway(ctx, f.Gateway)
	if err != nil {
		return "", asRefusal(err, "no-gateway")
	}
	v, err := c.version(ctx)
	if err != nil {
		return "", err
	}
	if void, err := c.unenforced(ctx, g, v); err != nil || void != "" {
		return void, err
	}
	if why := g.shut(); why != "" {
		return why, nil
	}
	return c.decided(ctx, f, set, have)
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

// decided names what is asked before the filter's rules and lets its source pass. have are the groups; nil reads them
// where a rule asks for one.
func (c *controller) decided(ctx context.Context, f policy.Filter, set ruleSet, have map[string]group) (string, error) {
	s := newSurvey(ctx, c)
	l := s.look(actSets, "")
	before := s.earlier(ctx, f, set, &l)
	if len(l.gaps) > 0 {
		return "", workers.Retry("unreadable", 0, c.unread(l))
	}
	if len(before) == 0 {
		return "", nil
	}
	if have == nil {
		var err error
		if have, err = c.groups(ctx); err != nil {
			return "", err
		}
	}
	return s.members(have).opened(f, before)
}
