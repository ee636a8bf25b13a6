package gobgp

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/osrg/gobgp/v4/api"
)

// The names of what the policy is made of. The tables know the server's own routes as "global".
const (
	globalTable  = "global"
	setAllowed   = "allowed"
	policyImport = "import"
	policyExport = "export"
)

// setPolicy makes the server a source of routes and nothing else. RFC 8212: without a policy an external session
// takes and gives nothing, and GoBGP's default is the opposite. Routes from peers stay in the tables of received
// routes, where they can be read, and compete with nothing; exported are paths that were added here and are allowed.
func (s *Speaker) setPolicy(ctx context.Context, allowed []*api.Prefix, o SpeakerOptions) error {
	local := &api.Conditions{RouteType: api.Conditions_ROUTE_TYPE_LOCAL}
	accept := &api.Actions{RouteAction: api.RouteAction_ROUTE_ACTION_ACCEPT}
	ours := &api.Policy{Name: policyImport,
		Statements: []*api.Statement{{Name: "made-here", Conditions: local, Actions: accept}}}
	if err := s.assign(ctx, ours, api.PolicyDirection_POLICY_DIRECTION_IMPORT); err != nil {
		return err
	}
	out := &api.Policy{Name: policyExport}
	if len(allowed) > 0 {
		set := &api.DefinedSet{DefinedType: api.DefinedType_DEFINED_TYPE_PREFIX, Name: setAllowed, Prefixes: allowed}
		if err := s.define(ctx, set); err != nil {
			return err
		}
		for _, p := range o.Peers {
			if err := s.define(ctx, p.neighbourSet()); err != nil {
				return err
			}
			out.Statements = append(out.Statements, p.statement(o.ASN))
		}
	}
	return s.assign(ctx, out, api.PolicyDirection_POLICY_DIRECTION_EXPORT)
}

func (s *Speaker) define(ctx context.Context, set *api.DefinedSet) error {
	if err := s.bgp.AddDefinedSet(ctx, &api.AddDefinedSetRequest{DefinedSet: set}); err != nil {
		return fmt.Errorf("set policy: define %s: %w", set.GetName(), err)
	}
	return nil
}

// assign makes a policy the one of a direction; what it does not accept is rejected.
func (s *Speaker) assign(ctx context.Context, p *api.Policy, direction api.PolicyDirection) error {
	assignment := &api.PolicyAssignment{Name: globalTable, Direction: direction,
		DefaultAction: api.RouteAction_ROUTE_ACTION_REJECT}
	if len(p.GetStatements()) > 0 {
		if err := s.bgp.AddPolicy(ctx, &api.AddPolicyRequest{Policy: p}); err != nil {
			return fmt.Errorf("set policy %s: %w", p.GetName(), err)
		}
		assignment.Policies = []*api.Policy{{Name: p.GetName()}}
	}
	err := s.bgp.SetPolicyAssignment(ctx, &api.SetPolicyAssignmentRequest{Assignment: assignment})
	if err != nil {
		return fmt.Errorf("set policy %s: %w", p.GetName(), err)
	}
	return nil
}

func (p Peer) neighbourSet() *api.DefinedSet {
	a := netip.MustParseAddr(p.Address)
	return &api.DefinedSet{DefinedType: api.DefinedType_DEFINED_TYPE_NEIGHBOR, Name: "peer-" + p.Address,
		List: []string{netip.PrefixFrom(a, a.BitLen()).String()}}
}

// statement is what one peer is told.
func (p Peer) statement(own uint32) *api.Statement {
	return &api.Statement{
		Name: "to-" + p.Address,
		Conditions: &api.Conditions{
			RouteType:   api.Conditions_ROUTE_TYPE_LOCAL,
			PrefixSet:   &api.MatchSet{Type: api.MatchSet_TYPE_ANY, Name: setAllowed},
			NeighborSet: &api.MatchSet{Type: api.MatchSet_TYPE_ANY, Name: "peer-" + p.Address},
		},
		Actions: p.actions(own),
	}
}

// allowed are the ranges, with every prefix inside them, and what the claims hold already: an address stays given when
// its range is taken away, and what stays given stays announced.
func allowed(ranges []netip.Prefix, held []entry) []*api.Prefix {
	var out []*api.Prefix
	for _, r := range ranges {
		out = append(out, &api.Prefix{IpPrefix: r.Masked().String(), MaskLengthMin: uint32(r.Bits()),
			MaskLengthMax: uint32(r.Addr().BitLen())})
	}
	for _, e := range held {
		if !within(ranges, e.prefix) {
			out = append(out, &api.Prefix{IpPrefix: e.prefix.String(), MaskLengthMin: uint32(e.prefix.Bits()),
				MaskLengthMax: uint32(e.prefix.Bits())})
		}
	}
	return out
}

// within tells whether a prefix lies inside one of the ranges.
func within(ranges []netip.Prefix, p netip.Prefix) bool {
	for _, r := range ranges {
		if r.Bits() <= p.Bits() && r.Contains(p.Addr()) {
			return true
		}
	}
	return false
}
