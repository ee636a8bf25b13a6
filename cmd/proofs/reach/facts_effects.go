package reach

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/policy"
	"github.com/culvertnet/culvert/workers/routing"
)

// effectsOf are the effects of a step that is done, from its input and output: of those that no question has told, or
// told before their address was known.
func effectsOf(c events.Command, o events.Outcome) ([]reach.Effect, error) {
	switch c.Kind {
	case network.KindCreateEndpoint:
		var in network.CreateEndpointIn
		err := json.Unmarshal(c.Input, &in)
		return []reach.Effect{in.Effect(c.Step)}, err
	case network.KindMapNames:
		var in network.MapNamesIn
		err := json.Unmarshal(c.Input, &in)
		return []reach.Effect{in.Effect(c.Step)}, err
	case routing.KindSteerEgress:
		return routeOf(c, o)
	}
	return nil, nil
}

func routeOf(c events.Command, o events.Outcome) ([]reach.Effect, error) {
	var in routing.SteerEgressIn
	var out routing.SteerEgressOut
	if o.Class != events.Done || c.Verb != events.Do {
		return nil, nil
	}
	if err := json.Unmarshal(c.Input, &in); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(o.Output, &out); err != nil {
		return nil, fmt.Errorf("read what %s tells: %w", c.Step, err)
	}
	if e := in.Effect(c.Step, out); e != nil {
		return []reach.Effect{*e}, nil
	}
	return nil, nil
}

// An omission is a change of facts that no effect tells, on purpose.
type omission struct {
	name string
	// fits tells whether a difference of a command is one of it.
	fits func(c events.Command, list string) bool
}

// omissions are all that is knowingly left out, with the reasons (record 0030, "Limits"). One that no plan meets any
// more is a miss of the whole run.
func omissions() []omission {
	ends := func(kind string, ends ...string) func(events.Command, string) bool {
		return func(c events.Command, list string) bool {
			for _, end := range ends {
				if c.Kind == kind && strings.HasSuffix(list, end) {
					return true
				}
			}
			return false
		}
	}
	via := func(c events.Command) string {
		var in policy.FilterEgressIn
		_ = json.Unmarshal(c.Input, &in) // another kind of step has none
		return in.Via
	}
	return []omission{
		// The service is the sender that every claim is about, by name; its move changes nobody else's flows.
		{"the sender of bind-service", ends("egress.bind-service", " Tenants")},
		// Which gateways and sites learn a prefix is the controller's own propagation; prove-reach reads the tables
		// once they are there, and asks for each site.
		{"the tables of an announcement by a gateway", ends("routing.announce", " Table")},
		// A filter at a gateway is told as if it came before all others of its controller, which is more than it does.
		{"the tag of a filter by name", func(c events.Command, list string) bool {
			return c.Kind == policy.KindFilterEgress && via(c) == policy.ViaAviatrixFQDN &&
				strings.HasSuffix(list, " Tags")
		}},
		{"the rules of a distributed firewall", func(c events.Command, list string) bool {
			return c.Kind == policy.KindFilterEgress && via(c) == policy.ViaAviatrixWebGroup &&
				strings.Contains(list, " Sets ")
		}},
	}
}

// omitted names the omission that a difference is one of; "" when it is none.
func omitted(c events.Command, list string) string {
	for _, o := range omissions() {
		if o.fits(c, list) {
			return o.name
		}
	}
	return ""
}
