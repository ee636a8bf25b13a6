package aviatrix

import "slices"

// systemPoints are the attachment points of every controller, in the order in which their rules are asked. The global
// policy list is asked after the first.
var systemPoints = []string{"TERRAFORM_BEFORE_UI_MANAGED", "TERRAFORM_AFTER_UI_MANAGED", "TERRAFORM_AFTER_K8S_MANAGED"}

// point is an attachment point: a place in the order of evaluation for exactly one rule set or group.
type point struct {
	UUID  string `json:"attachment_point_id"`
	Name  string `json:"name"`
	Group string `json:"group,omitempty"` // the group that made it; empty: the vendor
}

// points lists what can be attached to. Until the distributed firewall is enabled the ids are wrong (release note
// AVX-75145): they look like ids and nothing can be attached to them.
func (c *call) points() []point {
	points := all[point](c, kindPoint)
	if c.feature().Enabled {
		return points
	}
	for i := range points {
		points[i].UUID = uuidOf(c.ctl.conf.Name, "not enabled", points[i].Name)
	}
	return points
}

// listPoints answers a list also for one name (guess: an empty one for an unknown name).
func listPoints(c *restCall) (any, error) {
	out := []map[string]string{}
	for _, p := range c.points() {
		if want := c.query("name"); want == "" || want == p.Name {
			out = append(out, map[string]string{"attachment_point_id": p.UUID, "name": p.Name})
		}
	}
	return out, nil
}

// checkPlace refuses a place that is not there or taken. guess: the texts.
func (c *call) checkPlace(set, old ruleSet) error {
	if set.AttachTo == "" || set.AttachTo == old.AttachTo {
		return nil
	}
	known := slices.ContainsFunc(all[point](c, kindPoint), func(p point) bool { return p.UUID == set.AttachTo })
	if !known || !c.feature().Enabled {
		return refuse("Attachment point %s does not exist", set.AttachTo)
	}
	for _, other := range all[ruleSet](c, kindRuleSet) {
		if other.AttachTo == set.AttachTo && other.UUID != old.UUID {
			return refuse("Attachment point %s is already used by %s", set.AttachTo, other.Name)
		}
	}
	return nil
}

// makePoints makes the points that a group names and takes away those it no longer names. Names are unique on the
// controller.
func (c *call) makePoints(old, set ruleSet) error {
	names := func(s ruleSet) (out []string) {
		for _, sub := range s.SubPolicies {
			if sub.Point != nil && sub.Point.Name != "" {
				out = append(out, sub.Point.Name)
			}
		}
		return out
	}
	for _, gone := range without(names(old), names(set)) {
		p, _ := load[point](c, kindPoint, gone)
		for _, other := range all[ruleSet](c, kindRuleSet) {
			if p.UUID != "" && other.AttachTo == p.UUID {
				return refuse("Attachment point %s is used by %s", gone, other.Name)
			}
		}
	}
	for _, made := range without(names(set), names(old)) {
		if c.tx.Has(Vendor, kindPoint, c.key(made)) {
			return refuse("Attachment point %s already exists", made)
		}
	}
	for _, gone := range without(names(old), names(set)) {
		c.remove(kindPoint, gone)
	}
	for _, made := range without(names(set), names(old)) {
		c.put(kindPoint, point{UUID: c.newUUID(), Name: made, Group: set.Name}, made)
	}
	return nil
}
