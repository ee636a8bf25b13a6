package aviatrix

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/policy"
)

// tag is an FQDN tag as the controller lists it: enabled and coloured for all its gateways at once.
type tag struct {
	Color string `json:"wbmode"`
	State string `json:"state"`
}

const (
	white    = "white" // what the tag names passes, all else is dropped
	black    = "black" // what the tag names is dropped
	enabled  = "enabled"
	disabled = "disabled"
)

func (c *controller) tags(ctx context.Context) (map[string]tag, error) {
	tags := map[string]tag{}
	var raw json.RawMessage
	if err := c.read(ctx, "list_fqdn_filter_tags", nil, &raw); err != nil {
		return nil, fmt.Errorf("list FQDN tags of %s: %w", c.name, err)
	}
	var none []any
	if json.Unmarshal(raw, &none) == nil { // guess: no tag at all may come as an empty list
		return tags, nil
	}
	if err := json.Unmarshal(raw, &tags); err != nil {
		return nil, unreadable("list_fqdn_filter_tags", false, err)
	}
	return tags, nil
}

func (c *controller) tagGateways(ctx context.Context, name string) ([]string, error) {
	var names []string
	err := c.read(ctx, "list_fqdn_filter_tag_attached_gws", url.Values{"tag_name": {name}}, &names)
	return names, wrap(err, "list gateways of FQDN tag", name)
}

func (c *controller) tagRules(ctx context.Context, name string) ([]fqdnRule, error) {
	var rules []fqdnRule
	err := c.read(ctx, "list_fqdn_filter_tag_domain_names", url.Values{"tag_name": {name}}, &rules)
	return rules, wrap(err, "list rules of FQDN tag", name)
}

// tagSources are the sources the tag is for on a gateway; none means everybody. They come back as CIDR~~label.
func (c *controller) tagSources(ctx context.Context, name, gateway string) ([]string, error) {
	var got struct {
		Configured []string `json:"configured_ips"`
	}
	fields := url.Values{"tag_name": {name}, "gateway_name": {gateway}}
	if err := c.read(ctx, "list_fqdn_filter_tag_source_ip_filters", fields, &got); err != nil {
		return nil, wrap(err, "list sources of FQDN tag", name)
	}
	for i, s := range got.Configured {
		got.Configured[i], _, _ = strings.Cut(s, "~~")
	}
	return normal(got.Configured), nil
}

func wrap(err error, what, name string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", what, name, err)
}

// neighbours tells what else is on a gateway: a tag of another colour, which makes ours impossible, and whether any tag
// is in force there already. A tag of the connection's own gets the colour that we give it. It asks tag by tag, and
// stops at the first in force: the API cannot be asked by gateway.
func (c *controller) neighbours(ctx context.Context, f policy.Filter) (other string, filtered bool, err error) {
	color := color(f)
	tags, err := c.tags(ctx)
	if err != nil {
		return "", false, err
	}
	for _, name := range sortedKeys(tags) {
		t, own := tags[name], name == f.Name || slices.Contains(f.Own, name)
		if (own || t.Color == color) && (filtered || t.State != enabled) {
			continue
		}
		on, err := c.tagGateways(ctx, name)
		if removed(err) == nil && err != nil {
			continue // deleted meanwhile
		}
		if err != nil {
			return "", false, err
		}
		if !slices.Contains(on, f.Gateway) {
			continue
		}
		if t.Color != color && !own {
			return name, true, nil
		}
		filtered = true
	}
	return "", filtered, nil
}

// admits refuses what a tag of ours would do to others on the gateway (A.B.1, intents 3).
func (c *controller) admits(ctx context.Context, f policy.Filter) error {
	other, filtered, err := c.neighbours(ctx, f)
	switch {
	case err != nil:
		return err
	case other != "":
		return workers.Refuse("colour",
			"check gateway %s of %s: its tag %s has another colour than %s", f.Gateway, c.name, other, color(f))
	case !filtered && !f.GatewayWide:
		return workers.Refuse("gateway-wide",
			"check gateway %s of %s: no tag is in force there, so the first one filters everybody (acceptGatewayWide)",
			f.Gateway, c.name)
	}
	return nil
}

// privateFiltered tells whether the controller filters private destinations. guess: the two forms of the status; both
// "on" and "custom" (all but some networks) count.
func (c *controller) privateFiltered(ctx context.Context) (bool, error) {
	var status struct {
		State string `json:"private_sub_filter"`
	}
	var raw json.RawMessage
	if err := c.read(ctx, "get_fqdn_private_network_filtering_status", nil, &raw); err != nil {
		return false, fmt.Errorf("read private-network filtering of %s: %w", c.name, err)
	}
	if json.Unmarshal(raw, &status) != nil && json.Unmarshal(raw, &status.State) != nil {
		return false, unreadable(
			"get_fqdn_private_network_filtering_status", false, fmt.Errorf("neither text nor object"),
		)
	}
	switch strings.ToLower(status.State) {
	case "", disabled, "disable", "no", "off":
		return false, nil
	}
	return true, nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
