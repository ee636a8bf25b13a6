package aviatrix

import (
	"encoding/json"
	"fmt"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// seed loads the controller's scenario. Everything is quiet: the scenario is nobody's effect.
func (c *controller) seed(tx *world.Tx) error {
	in := &call{tx: tx, ctl: c, name: "scenario"}
	for _, gw := range c.conf.Gateways {
		if gw.Role == "" {
			gw.Role = spoke
		}
		if gw.Role != spoke && gw.Role != transit {
			return fmt.Errorf("load gateway %q: role %q is neither spoke nor transit", gw.Name, gw.Role)
		}
		if gw.State == "" {
			gw.State = up
		}
		in.quiet(kindGateway, c.withSecond(gw), gw.Name)
	}
	for _, at := range c.conf.Attachments {
		in.quiet(kindAttachment, at, at.Spoke, at.Transit)
	}
	for _, p := range c.conf.Peerings {
		pair := sortedPair(p[0], p[1])
		in.quiet(kindPeering, peering{Gateways: pair}, pair[0], pair[1])
	}
	for _, conn := range c.conf.Connections {
		if _, ok := load[Gateway](in, kindGateway, conn.Gateway); !ok {
			return fmt.Errorf("load connection %q: gateway %q is not in the scenario", conn.Name, conn.Gateway)
		}
		in.quiet(kindConnection, conn, conn.Gateway, conn.Name)
	}
	for _, d := range c.conf.SecurityDomains {
		in.quiet(kindDomain, d, d.Name)
	}
	for _, r := range c.conf.VPCRoutes {
		in.quiet(kindVPCRoute, r, r.VPC, r.Tag, r.Gateway)
	}
	if c.major < 9 {
		if err := c.seedTags(in); err != nil {
			return err
		}
	} else if len(c.conf.FQDNTags) > 0 {
		return fmt.Errorf("load FQDN tags: version %s has none", c.conf.Version)
	}
	return c.seedFirewall(in)
}

func (c *controller) seedTags(in *call) error {
	for name, state := range globalDefaults {
		if set, ok := c.conf.FQDNGlobals[name]; ok {
			state = set
		}
		in.quiet(kindGlobal, globalFlag{State: state}, "fqdn", name)
	}
	for _, t := range c.conf.FQDNTags {
		for i := range t.Domains {
			t.Domains[i] = t.Domains[i].normal()
			if err := t.Domains[i].check(); err != nil {
				return fmt.Errorf("load FQDN tag %q: %w", t.Name, err)
			}
		}
		in.quiet(kindTag, t, t.Name)
		for _, on := range t.On {
			if err := in.oneColor(t, on.Gateway); err != nil {
				return fmt.Errorf("load FQDN tag %q: %w", t.Name, err)
			}
			on.Tag = t.Name
			in.quiet(kindTagOn, on, t.Name, on.Gateway)
			in.settleFilter(on.Gateway)
		}
	}
	return nil
}

func (c *controller) seedFirewall(in *call) error {
	in.quiet(kindSingleton, feature{Enabled: c.conf.DCF}, dcfFeature)
	in.quiet(kindSingleton, ruleSet{Policies: []rule{}}, dcfList)
	in.quiet(kindSingleton, intraVPC{VPCs: []map[string]any{}}, dcfIntra)
	if len(c.conf.DeployTo) > 0 {
		in.quiet(kindSingleton, deployPolicy{Providers: c.conf.DeployTo}, dcfDeploy)
	}
	action := c.conf.DefaultAction
	if action == "" {
		action = "PERMIT"
	}
	in.quiet(kindSingleton, defaultAction{Action: action}, dcfDefault)
	for _, name := range systemPoints {
		in.quiet(kindPoint, point{UUID: uuidOf(c.conf.Name, "point", name), Name: name}, name)
	}
	cidr := selector{Any: []expression{{All: map[string]any{"cidr": "0.0.0.0/0"}}}}
	for _, d := range []appDomain{
		{UUID: anywhereID, Name: "Anywhere (0.0.0.0/0)", Selector: cidr, System: true},
		{UUID: internetID, Name: "Public Internet", Selector: cidr, System: true},
		{UUID: anyWebID, Name: "Any-Web", Selector: selector{
			Any: []expression{{All: map[string]any{"snifilter": "*"}}},
		}, System: true},
	} {
		in.quiet(kindAppDomain, d, d.Name)
	}
	for _, g := range append(append([]AppDomain{}, c.conf.SmartGroups...), c.conf.WebGroups...) {
		d := appDomain{UUID: g.UUID, Name: g.Name}
		if d.UUID == "" {
			d.UUID = uuidOf(c.conf.Name, "group", g.Name)
		}
		for _, inside := range g.Any {
			d.Selector.Any = append(d.Selector.Any, expression{All: inside})
		}
		if err := d.Selector.check(); err != nil {
			return fmt.Errorf("load group %q: %w", g.Name, err)
		}
		in.quiet(kindAppDomain, d, d.Name)
	}
	return c.seedRuleSets(in)
}

// seedRuleSets loads rule sets; groups may be named in src_ads, dst_ads and web_filters instead of their ids.
func (c *controller) seedRuleSets(in *call) error {
	ids := map[string]string{}
	for _, d := range all[appDomain](in, kindAppDomain) {
		ids[d.Name] = d.UUID
	}
	for _, conf := range c.conf.RuleSets {
		set, err := c.ruleSetOf(in, conf, ids)
		if err != nil {
			return fmt.Errorf("load rule set %q: %w", conf.Name, err)
		}
		in.quiet(kindRuleSet, set, set.Name)
	}
	return nil
}

// ruleSetOf is a rule set as it is configured, with the ids of its groups.
func (c *controller) ruleSetOf(in *call, conf RuleSet, ids map[string]string) (ruleSet, error) {
	set := ruleSet{UUID: conf.UUID, Name: conf.Name}
	if set.UUID == "" {
		set.UUID = uuidOf(c.conf.Name, "ruleset", conf.Name)
	}
	text, err := json.Marshal(conf.Policies)
	if err == nil {
		err = json.Unmarshal(text, &set.Policies)
	}
	if err != nil {
		return set, err
	}
	for i := range set.Policies {
		r := &set.Policies[i]
		for _, refs := range [][]string{r.Sources, r.Targets, r.WebFilters} {
			named(refs, ids)
		}
		r.UUID = uuidOf(c.conf.Name, "rule", conf.Name, r.Name)
		if r.Enforcement != "" && !c.enforcement {
			return set, fmt.Errorf("rule %q: version %s has no enforcement, only watch", r.Name, c.conf.Version)
		}
		if err := r.check(in.groupIDs()); err != nil {
			return set, err
		}
	}
	if conf.Point == "" {
		return set, nil
	}
	p, ok := load[point](in, kindPoint, conf.Point)
	if !ok {
		return set, fmt.Errorf("no attachment point %q", conf.Point)
	}
	set.AttachTo = p.UUID
	return set, in.checkPlace(set, ruleSet{})
}

// named replaces names by ids, where there is one.
func named(refs []string, ids map[string]string) {
	for j, name := range refs {
		if id, ok := ids[name]; ok {
			refs[j] = id
		}
	}
}
