package aviatrix

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/observe"
)

// Gateways reads what decides about packets at a controller's gateways. It changes nothing.
func (c *Client) Gateways() observe.Gateways { return gatewayFacts{c} }

type gatewayFacts struct{ c *Client }

// Fabric implements [observe.Gateways]. It fails only when the controller cannot be asked at all: when its version or
// its list of gateways cannot be read. Everything else that could not be read is a gap of the list that depends on it.
//
// Acts: list_version_info, list_vpcs_summary, list_inter_transit_gateway_peering, list_site2cloud_conn, for each
// gateway its table, and those of the other files here.
func (f gatewayFacts) Fabric(
	ctx context.Context, name string, networks []reach.Realm,
) (observe.Fabric, error) {
	ctl, err := f.c.controller(name)
	if err != nil {
		return observe.Fabric{}, err
	}
	s := &survey{controller: ctl}
	if s.release, err = ctl.version(ctx); err != nil {
		return observe.Fabric{}, err
	}
	if err := s.list(ctx); err != nil {
		return observe.Fabric{}, err
	}
	near := s.follow(ctx, networks)
	sites := s.connections(ctx, near)
	segments := s.segments(ctx, near, sites)
	control, deployed := s.firewall(ctx)
	filters := s.filters(ctx, near, &control)
	out := observe.Fabric{Controller: control}
	for _, m := range near {
		g := s.gatewayFact(m, deployed)
		g.Domain = segments.of(m)
		g.Tags, g.PassThrough = filters.at(m)
		g.Table = s.table(ctx, m, sites, segments)
		out.Gateways = append(out.Gateways, g)
	}
	out.Controller.Connected = segments.connected
	out.Sites = sites.facts(s, out.Gateways, segments)
	out.Networks = s.otherClouds(ctx, near)
	if err := ctx.Err(); err != nil {
		return observe.Fabric{}, workers.Retry("deadline", 0, fmt.Errorf("read gateways of %s: %w", ctl.name, err))
	}
	return out, nil
}

// A survey is one look at a controller.
type survey struct {
	*controller
	release version
	// machines are all gateways, the second ones of pairs too.
	machines []machine
	// peered are the pairs of transits, peering what the read of them left open.
	peered  [][2]string
	peering look
	// stock is the inventory of networks, once it was asked for.
	stock *inventory
}

// A look is a read: its call and scope, the time before it, and what it left open.
type look struct {
	call, scope string
	at          time.Time
	gaps        []reach.Gap
}

// look begins a read; scope is empty for all of the controller.
func (s *survey) look(call, scope string) look {
	if scope == "" {
		scope = s.name
	}
	return look{call: call, scope: scope, at: s.client.now()}
}

// failed notes an act that could not be read, and tells whether it was so.
func (l *look) failed(act string, err error) bool {
	if err == nil {
		return false
	}
	cause := reach.ListNotWhole
	var f *workers.Failure
	if errors.As(err, &f) && f.Reason == reasonPermission {
		cause = reach.NotAllowedToRead
	}
	l.gap(cause, act, err.Error())
	return true
}

// lacks notes that what was read holds something that could decide, and that nobody here understands.
func (l *look) lacks(format string, args ...any) {
	l.gap(reach.ListNotWhole, l.call, fmt.Sprintf(format, args...))
}

func (l *look) gap(cause reach.Cause, object, why string) {
	g := reach.Gap{Cause: cause, Object: object, Why: why}
	for _, old := range l.gaps {
		if old == g {
			return
		}
	}
	if len(l.gaps) < reach.MaxGaps {
		l.gaps = append(l.gaps, g)
	}
}

// add notes the gaps of other reads on which this list depends.
func (l *look) add(gaps ...reach.Gap) {
	for _, g := range gaps {
		l.gap(g.Cause, g.Object, g.Why)
	}
}

// listed is the list that a look has read. It is whole when nothing is open.
func listed[T any](l look, items []T) reach.Listing[T] {
	return reach.Listing[T]{Items: items, Call: l.call, Scope: l.scope, At: l.at, Whole: len(l.gaps) == 0,
		Gaps: l.gaps}
}

// unread is what a look left open, as an error.
func (c *controller) unread(l look) error {
	return fmt.Errorf("read %s of %s: %s: %s", l.call, c.name, l.gaps[0].Object, l.gaps[0].Why)
}

// unsupported tells that this release of the controller does not have an act.
func unsupported(err error) bool {
	var f *workers.Failure
	return errors.As(err, &f) && f.Reason == reasonUnsupported
}
