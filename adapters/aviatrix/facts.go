package aviatrix

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
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
	return f.read(ctx, name, observe.Machines{Networks: networks, Addresses: reach.EveryAddress()})
}

// Through implements [observe.Gateways].
func (f gatewayFacts) Through(ctx context.Context, name string, m observe.Machines) (observe.Fabric, error) {
	return f.read(ctx, name, m)
}

// read reads some gateways, and what is behind them. Where there is none it reads the list alone.
func (f gatewayFacts) read(ctx context.Context, name string, in observe.Machines) (observe.Fabric, error) {
	ctl, err := f.c.controller(name)
	if err != nil {
		return observe.Fabric{}, err
	}
	s := newSurvey(ctx, ctl)
	if err := s.list(ctx); err != nil {
		return observe.Fabric{}, err
	}
	var first []machine
	every := in.Addresses.Equal(reach.EveryAddress()) // also those without a private address
	for _, m := range s.machines {
		if slices.Contains(in.Networks, m.realm()) && (every || addresses(m.PrivateIP).Overlaps(in.Addresses)) {
			first = append(first, m)
		}
	}
	if len(first) == 0 {
		return observe.Fabric{}, nil
	}
	out, err := s.fabric(ctx, first, in.Toward)
	if ended := ctx.Err(); ended != nil {
		return observe.Fabric{}, workers.Retry("deadline", 0, fmt.Errorf("read gateways of %s: %w", ctl.name, ended))
	}
	return out, err
}

// fabric asks everything that does not depend on another answer at once, then what is asked by gateway, connection and
// tag, and puts it into the model's words at the end, in the order of the names.
func (s *survey) fabric(ctx context.Context, first []machine, toward reach.Ranges) (observe.Fabric, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var err error
	var wall firewall
	var sites *sites
	var segments *segments
	read := &tables{own: map[string]lines{}, inside: map[reach.Realm]reach.Listing[reach.Route]{}}
	together(func() { s.peerings(ctx) }, func() { s.along(ctx, first, toward, read) },
		func() { sites = s.connections(ctx) },
		func() { segments = s.attachments(ctx) }, func() {
			if s.release, err = s.version(ctx); err != nil {
				cancel() // nothing is worth its calls without it
				return
			}
			wall = s.firewall(ctx)
		})
	if err != nil {
		return observe.Fabric{}, err
	}
	near, beyond := s.follow(first), []string(nil)
	if !toward.Empty() {
		near, beyond = read.among(near)
	}
	sites.only(near, s)
	var filters *filters
	reads := append(sites.reads(ctx, s), func() { s.policies(ctx, near, sites, segments) },
		func() { filters = s.filters(ctx, near) }, func() { s.readTables(ctx, near, read) })
	if slices.ContainsFunc(near, func(m machine) bool { return !m.google() }) {
		reads = append(reads, func() { s.inventory() })
	}
	together(reads...)
	out := observe.Fabric{Controller: wall.controller, Beyond: beyond}
	out.Controller.Exception, out.Controller.Private = filters.exception, filters.private
	out.Controller.Connected = segments.connected
	for _, m := range near {
		g := s.gatewayFact(m, wall.deployed)
		g.Domain = segments.of(m)
		g.Tags, g.PassThrough = filters.at(m)
		g.Table = s.table(m, read.own[m.Name], sites, segments)
		out.Gateways = append(out.Gateways, g)
		if routes, has := read.inside[m.realm()]; has {
			delete(read.inside, m.realm())
			out.Networks = append(out.Networks, s.otherCloud(m, routes))
		}
	}
	out.Sites = sites.facts(s, out.Gateways, segments)
	return out, nil
}

// together carries out reads side by side. None of them errs: what a call did not tell is in its list. How many calls
// are under way at a controller is bounded by its slots.
func together(reads ...func()) {
	var all sync.WaitGroup
	for _, read := range reads {
		all.Go(read)
	}
	all.Wait()
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
	// inventory is that of networks; it is asked for once, when it is needed.
	inventory func() *inventory
}

func newSurvey(ctx context.Context, c *controller) *survey {
	s := &survey{controller: c}
	s.inventory = sync.OnceValue(func() *inventory { return s.networks(ctx) })
	return s
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
