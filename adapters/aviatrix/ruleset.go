package aviatrix

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/policy"
)

// setName is the rule set that is made where the attachment point is empty. One that is there is shared: only one
// object can sit on a point (A.A.5).
const setName = "culvert"

// ruleSet is the rule set on the attachment point. It is kept as the controller sent it, so that a write changes
// nothing but the rules.
type ruleSet struct {
	place string
	raw   map[string]json.RawMessage // nil: there is none
	rules []json.RawMessage
}

// place is the attachment point's id.
func (c *controller) place(ctx context.Context) (string, error) {
	var points []struct {
		ID   string `json:"attachment_point_id"`
		Name string `json:"name"`
	}
	in := resource{method: http.MethodGet, path: "microseg/attachment-points?name=" + url.QueryEscape(c.point)}
	if err := c.rest(ctx, in, &points); err != nil {
		return "", asRefusal(
			fmt.Errorf("find attachment point %s of %s: %w", c.point, c.name, err), "no-attachment-point",
		)
	}
	for _, p := range points {
		if p.Name == c.point && p.ID != "" {
			return p.ID, nil
		}
	}
	return "", workers.Refuse("no-attachment-point", "find attachment point %s of %s: there is none", c.point, c.name)
}

// ruleSet reads the set on the point. The list of all sets is read because a point does not tell what sits on it.
// guess: its shape, {"dcf_policies": [...]}, as public tools read it from 8.2.
func (c *controller) ruleSet(ctx context.Context) (ruleSet, error) {
	place, err := c.place(ctx)
	if err != nil {
		return ruleSet{}, err
	}
	var all struct {
		Sets []map[string]json.RawMessage `json:"dcf_policies"`
	}
	if err := c.rest(ctx, resource{method: http.MethodGet, path: "microseg/policy-list3"}, &all); err != nil {
		return ruleSet{}, fmt.Errorf("list rule sets of %s: %w", c.name, err)
	}
	for _, raw := range all.Sets {
		if text(raw["attach_to"]) != place {
			continue
		}
		set := ruleSet{place: place, raw: raw}
		var subs []json.RawMessage
		if json.Unmarshal(raw["sub_policies"], &subs) == nil && len(subs) > 0 {
			return set, workers.Refuse("attachment-point",
				"read rule set %s of %s: a policy group sits on %s, not a rule set", text(raw["name"]), c.name, c.point)
		}
		var rules []json.RawMessage
		if len(raw["policies"]) > 0 {
			if err := json.Unmarshal(raw["policies"], &rules); err != nil {
				return set, unreadable("microseg/policy-list3", false, err)
			}
		}
		for _, r := range rules {
			if own := ruleOf(r); !own.System { // the controller's own rules are not sent back (A.A.5)
				set.rules = append(set.rules, r)
			}
		}
		return set, nil
	}
	return ruleSet{place: place}, nil
}

func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// names tells whether a rule of the set names the group.
func (s ruleSet) names(group string) bool {
	return slices.ContainsFunc(s.rules, func(raw json.RawMessage) bool {
		r := ruleOf(raw)
		return slices.Contains(r.Sources, group) || slices.Contains(r.Targets, group) || slices.Contains(r.Webs, group)
	})
}

// lines are the set's rules in their one spelling.
func (s ruleSet) lines() []string {
	out := []string{}
	for _, raw := range s.rules {
		out = append(out, ruleOf(raw).line())
	}
	return out
}

// Rules implements [policy.RuleLists].
func (d webgroups) Rules(ctx context.Context, f policy.Filter) ([]string, error) {
	ctl, err := d.c.controller(f.Controller)
	if err != nil {
		return nil, err
	}
	list, err := aims(f)
	if err != nil {
		return nil, err
	}
	have, err := ctl.groups(ctx)
	if err != nil {
		return nil, err
	}
	return renderLines(f, list, have)
}

// Read implements [policy.RuleLists]. Ids are left out: Write keeps them.
func (d webgroups) Read(ctx context.Context, name string) ([]string, error) {
	ctl, err := d.c.controller(name)
	if err != nil {
		return nil, err
	}
	set, err := ctl.ruleSet(ctx)
	if err != nil {
		return nil, err
	}
	return set.lines(), nil
}

// Write implements [policy.RuleLists]: the whole set. A rule that is there goes back as the controller sent it, with
// its id: a rule with a new id is made again and loses its statistics (AVX-76197). A set of ours that is empty is
// deleted.
func (d webgroups) Write(ctx context.Context, _ uuid.UUID, name string, lines []string) error {
	ctl, err := d.c.controller(name)
	if err != nil {
		return err
	}
	lines, err = spelled(lines)
	if err != nil {
		return err
	}
	set, err := ctl.ruleSet(ctx)
	if err != nil {
		return err
	}
	if slices.Equal(distinct(set.lines()), lines) {
		return nil
	}
	rules, err := ctl.merge(ctx, set, lines)
	if err != nil {
		return err
	}
	if err := ctl.writeSet(ctx, set, rules); err != nil {
		return fmt.Errorf("write rule set on %s of %s: %w", ctl.point, ctl.name, err)
	}
	back, err := ctl.ruleSet(ctx)
	if err != nil {
		return workers.Unsure("read-back", err)
	}
	if !slices.Equal(distinct(back.lines()), lines) {
		return workers.Unsure(
			"read-back", fmt.Errorf("write rule set on %s of %s: read back %v", ctl.point, ctl.name, back.lines()),
		)
	}
	return nil
}

func (c *controller) writeSet(ctx context.Context, set ruleSet, rules []json.RawMessage) error {
	if set.raw == nil {
		body := map[string]any{"attach_to": set.place, "name": setName, "policies": rules}
		err := c.rest(ctx, resource{method: http.MethodPost, path: "microseg/policy-list3", body: body}, nil)
		if err != nil && made(err) == nil {
			return workers.Retry("changed", 0, err) // somebody put a set there meanwhile
		}
		return err
	}
	path := "microseg/policy-list3/" + text(set.raw["uuid"])
	if len(rules) == 0 && text(set.raw["name"]) == setName {
		return removed(c.rest(ctx, resource{method: http.MethodDelete, path: path}, nil))
	}
	body := map[string]any{"policies": rules}
	for k, v := range set.raw {
		if k != "policies" {
			body[k] = v
		}
	}
	err := c.rest(ctx, resource{method: http.MethodPut, path: path, body: body}, nil)
	if err != nil && removed(err) == nil {
		return workers.Retry("changed", 0, err)
	}
	return err
}

// spelled gives lines their one spelling, each once.
func spelled(lines []string) ([]string, error) {
	var out []string
	for _, line := range lines {
		r := ruleOf(json.RawMessage(line))
		if r.Name == "" {
			return nil, workers.Refuse("invalid", "write rule %s: it has no name", line)
		}
		out = append(out, r.line())
	}
	return distinct(out), nil
}

// merge finds for each line the rule that is there: the same one, else the one of its name, whose id it takes. The
// release is asked for only where the way of writing a rule depends on it.
func (c *controller) merge(ctx context.Context, set ruleSet, lines []string) ([]json.RawMessage, error) {
	same, named := map[string]json.RawMessage{}, map[string]string{}
	for _, raw := range set.rules {
		r := ruleOf(raw)
		same[r.line()], named[r.Name] = raw, r.UUID
	}
	var release version
	out := []json.RawMessage{}
	for _, line := range lines {
		raw, ok := same[line]
		if !ok {
			r := ruleOf(json.RawMessage(line))
			if r.Enforcement != enforced && release == (version{}) {
				var err error
				if release, err = c.version(ctx); err != nil {
					return nil, err
				}
			}
			r.UUID = named[r.Name]
			raw = r.wire(release)
		}
		out = append(out, raw)
	}
	return out, nil
}
