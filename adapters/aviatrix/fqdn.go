package aviatrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/policy"
)

// FQDN is the filter by FQDN tags, controllers up to 8.2. Each filter has a tag of its own, named like it, because a
// tag's source list is exclusive and its state is global (A.B.1). With the controller's default settings TLS without a
// server name still passes a white tag (exception rule); that is the operator's switch, not a filter's.
func (c *Client) FQDN() policy.Filters { return fqdn{c} }

type fqdn struct{ c *Client }

// Check implements [policy.Filters].
func (d fqdn) Check(ctx context.Context, f policy.Filter) (policy.Place, error) {
	ctl, err := d.c.controller(f.Controller)
	if err != nil {
		return policy.Place{}, err
	}
	v, err := ctl.version(ctx)
	if err != nil {
		return policy.Place{}, err
	}
	if !v.tags() {
		return policy.Place{}, workers.Refuse("unsupported",
			"check controller %s: version %s has no FQDN tags; use aviatrix-webgroup", ctl.name, v)
	}
	g, err := ctl.filterSpoke(ctx, f)
	if err != nil {
		return policy.Place{}, err
	}
	if !bool(g.SourceNAT) {
		return policy.Place{}, workers.Refuse("source-nat-off",
			"check gateway %s of %s: FQDN filtering needs source NAT and would turn it on by itself", g.Name, ctl.name)
	}
	if _, err := renderFQDN(f.Rules); err != nil {
		return policy.Place{}, err
	}
	if err := ctl.admits(ctx, f); err != nil {
		return policy.Place{}, err
	}
	private, err := ctl.privateFiltered(ctx)
	if err != nil {
		return policy.Place{}, err
	}
	if void := voidFor(f.Rules, private); void != "" {
		return policy.Place{}, workers.Refuse("void", "check controller %s: %s", ctl.name, void)
	}
	return policy.Place{NextHopIP: g.PrivateIP, Tagged: v.tags()}, nil
}

// filterSpoke finds the gateway of a filter: a spoke, up, in the source's network.
func (c *controller) filterSpoke(ctx context.Context, f policy.Filter) (gateway, error) {
	g, err := c.spoke(ctx, f.Gateway)
	if err != nil {
		return gateway{}, err
	}
	if f.Network != "" && !g.in(f.Network) {
		return gateway{}, workers.Refuse("wrong-network",
			"check gateway %s of %s: it is in %s, the source in %s", g.Name, c.name, g.VPC, f.Network)
	}
	return g, nil
}

func color(f policy.Filter) string {
	if f.Default == "allow" {
		return black
	}
	return white
}

// standing is everything there is of one tag.
type standing struct {
	tag
	rules    []fqdnRule
	gateways []string
	sources  []string // on the filter's gateway
}

func (c *controller) standing(ctx context.Context, f policy.Filter) (standing, error) {
	tags, err := c.tags(ctx)
	if err != nil {
		return standing{}, err
	}
	t, ok := tags[f.Name]
	if !ok {
		return standing{}, fmt.Errorf("find FQDN tag %s of %s: %w", f.Name, c.name, workers.ErrNotFound)
	}
	s := standing{tag: t}
	if s.rules, err = c.tagRules(ctx, f.Name); err != nil {
		return s, err
	}
	if s.gateways, err = c.tagGateways(ctx, f.Name); err != nil {
		return s, err
	}
	if slices.Contains(s.gateways, f.Gateway) {
		s.sources, err = c.tagSources(ctx, f.Name, f.Gateway)
	}
	return s, err
}

// complete tells whether the tag is all that the filter asks for.
func (s standing) complete(f policy.Filter, wanted []fqdnRule) bool {
	return s.State == enabled && s.Color == color(f) && sameRules(s.rules, wanted) &&
		slices.Contains(s.gateways, f.Gateway) && slices.Equal(s.sources, normal([]string{f.Source}))
}

// Get implements [policy.Filters].
func (d fqdn) Get(ctx context.Context, f policy.Filter) (policy.Filter, error) {
	ctl, err := d.c.controller(f.Controller)
	if err != nil {
		return policy.Filter{}, err
	}
	s, err := ctl.standing(ctx, f)
	if err != nil {
		return policy.Filter{}, err
	}
	got := policy.Filter{
		Via: f.Via, Name: f.Name, Network: f.Network, Controller: f.Controller, GatewayWide: f.GatewayWide,
		Region: f.Region,
		Source: strings.Join(s.sources, ","), Default: "deny", Rules: policyRules(s.rules), KeepOpen: f.KeepOpen,
	}
	if s.Color == black {
		got.Default = "allow"
	}
	if slices.Contains(s.gateways, f.Gateway) {
		got.Gateway = f.Gateway
	}
	wanted, err := renderFQDN(f.Rules)
	if err != nil {
		return policy.Filter{}, err
	}
	if sameRules(s.rules, wanted) {
		got.Rules = f.Rules
	}
	if got.InForce = s.complete(f, wanted); !got.InForce {
		return got, nil
	}
	private, err := ctl.privateFiltered(ctx)
	if err != nil {
		return policy.Filter{}, err
	}
	if got.Void = voidFor(got.Rules, private); got.Void != "" {
		return got, nil
	}
	g, err := ctl.gateway(ctx, f.Gateway)
	if err != nil {
		return policy.Filter{}, asRefusal(err, "no-gateway")
	}
	got.Void = g.shut()
	return got, nil
}

// Put implements [policy.Filters]: tag, rules, colour, gateway, source, and only then in force. A white tag that is in
// force before it has rules blocks everything, one without a source is for everybody.
func (d fqdn) Put(ctx context.Context, _ uuid.UUID, f policy.Filter) error {
	ctl, err := d.c.controller(f.Controller)
	if err != nil {
		return err
	}
	wanted, err := renderFQDN(f.Rules)
	if err != nil {
		return err
	}
	s, err := ctl.standing(ctx, f)
	if errors.Is(err, workers.ErrNotFound) {
		if err = ctl.admits(ctx, f); err != nil {
			return err
		}
		err = made(ctl.write(ctx, "add_fqdn_filter_tag", url.Values{"tag_name": {f.Name}}))
		s = standing{tag: tag{Color: white, State: disabled}}
	}
	if err != nil {
		return wrap(err, "put FQDN tag", f.Name)
	}
	if s.complete(f, wanted) {
		return nil
	}
	if err := ctl.putTag(ctx, f, s, wanted); errors.Is(err, workers.ErrNotFound) {
		return workers.Retry("changed", 0, wrap(err, "put FQDN tag", f.Name)) // the tag went away under our hands
	} else if err != nil {
		return wrap(err, "put FQDN tag", f.Name)
	}
	back, err := ctl.standing(ctx, f)
	if err != nil {
		return workers.Unsure("read-back", err)
	}
	if !back.complete(f, wanted) {
		return workers.Unsure("read-back", fmt.Errorf("put FQDN tag %s: read back %+v", f.Name, back))
	}
	return nil
}

// putTag makes the calls that are missing. Rules are added before others are removed, so that a changed filter never
// forgets what it keeps allowing.
func (c *controller) putTag(ctx context.Context, f policy.Filter, s standing, wanted []fqdnRule) error {
	if more := missing(wanted, s.rules); len(more) > 0 {
		if err := made(c.write(ctx, "add_fqdn_policies_to_tag", tagFields(f.Name, "policies", more))); err != nil {
			return err
		}
	}
	if less := missing(s.rules, wanted); len(less) > 0 {
		if err := removed(c.write(ctx, "delete_fqdn_policies_to_tag", tagFields(f.Name, "policies", less))); err !=
			nil {
			return err
		}
	}
	if s.Color != color(f) {
		if err := made(c.write(ctx, "set_fqdn_filter_tag_color", tagFields(f.Name, "color", color(f)))); err != nil {
			return err
		}
	}
	if !slices.Contains(s.gateways, f.Gateway) {
		if err := c.admits(ctx, f); err != nil {
			return err
		}
		if err := made(c.write(ctx, "attach_fqdn_filter_tag_to_gw", tagFields(f.Name, "gw_name", f.Gateway))); err !=
			nil {
			return asRefusal(err, "no-gateway")
		}
	}
	if source := normal([]string{f.Source}); !slices.Equal(s.sources, source) {
		fields := tagFields(f.Name, "source_ips", source)
		fields.Set("gateway_name", f.Gateway)
		if err := made(c.write(ctx, "update_fqdn_filter_tag_source_ip_filters", fields)); err != nil {
			return err
		}
	}
	if s.State == enabled {
		return nil
	}
	return made(c.write(ctx, "set_fqdn_filter_tag_state", tagFields(f.Name, "status", enabled)))
}

// tagFields are the fields of a call about a tag: a text as it is, anything else as JSON in one form value.
func tagFields(name, field string, value any) url.Values {
	text, ok := value.(string)
	if !ok {
		raw, err := json.Marshal(value)
		if err != nil {
			panic("write FQDN rules: " + err.Error()) // texts only
		}
		text = string(raw)
	}
	return url.Values{"tag_name": {name}, field: {text}}
}

// Remove implements [policy.Filters]: off the gateways first, while the tag still has its source, then the tag itself.
// A source list cleared on an attached tag would make it everybody's.
func (d fqdn) Remove(ctx context.Context, _ uuid.UUID, f policy.Filter) error {
	ctl, err := d.c.controller(f.Controller)
	if err != nil {
		return err
	}
	tags, err := ctl.tags(ctx)
	if err != nil {
		return err
	}
	if _, there := tags[f.Name]; !there {
		return nil
	}
	on, err := ctl.tagGateways(ctx, f.Name)
	if removed(err) != nil {
		return err
	}
	for _, name := range on {
		if err := removed(ctl.write(ctx, "detach_fqdn_filter_tag_from_gw", tagFields(f.Name, "gw_name", name))); err !=
			nil {
			return wrap(err, "remove FQDN tag", f.Name)
		}
	}
	return wrap(removed(ctl.write(ctx, "del_fqdn_filter_tag", url.Values{"tag_name": {f.Name}})), "remove FQDN tag",
		f.Name)
}
