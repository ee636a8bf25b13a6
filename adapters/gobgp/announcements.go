package gobgp

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/google/uuid"
	"github.com/osrg/gobgp/v4/api"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/routing"
)

// Check implements [routing.Announcements]: the speaker answers, runs BGP, has peers to tell, and they take one prefix
// more. Known are the prefixes that its peers have told it and those it announces.
func (c *Client) Check(ctx context.Context, t routing.Target) ([]string, error) {
	if hop, err := netip.ParseAddr(t.NextHop); err != nil || !hop.Is4() || hop.IsUnspecified() {
		return nil, workers.Refuse("invalid", "check speaker %s: next hop %q is not an IPv4 address", t.Speaker,
			t.NextHop)
	}
	peers, err := c.peers(ctx, t.Speaker)
	if err != nil {
		return nil, err
	}
	if len(c.wanted(t.Speaker, peers)) == 0 {
		return nil, workers.Refuse("no-peers", "check speaker %s: it has no peer to tell", t.Speaker)
	}
	known, err := c.known(ctx, t.Speaker, peers)
	if err != nil {
		return nil, err
	}
	own, err := c.own(ctx, t.Speaker)
	if limit := c.remotes[t.Speaker].MaxPrefixes; err == nil && limit > 0 && len(own) >= limit {
		err = workers.Refuse(events.ReasonFull, "check speaker %s: it announces %d prefixes, and a peer of it takes %d",
			t.Speaker, len(own), limit)
	}
	return known, err
}

// known are the prefixes of the speaker's own table, and of what each peer has told it: a speaker of ours takes nothing
// of that into its own table.
func (c *Client) known(ctx context.Context, name string, peers []peer) ([]string, error) {
	paths, err := c.paths(ctx, name, &api.ListPathRequest{TableType: api.TableType_TABLE_TYPE_GLOBAL})
	if err != nil {
		return nil, err
	}
	for _, p := range peers {
		told, err := c.paths(ctx, name, &api.ListPathRequest{TableType: api.TableType_TABLE_TYPE_ADJ_IN,
			Name: p.address})
		if err != nil && !errors.Is(err, workers.ErrNotFound) { // not found: the peer went away meanwhile
			return nil, err
		}
		paths = append(paths, told...)
	}
	known := []string{}
	for _, p := range paths {
		known = append(known, p.prefix.String())
	}
	slices.Sort(known)
	return slices.Compact(known), nil
}

// Read implements [routing.Announcements]. A speaker announces nothing by itself, so its list is always custom.
func (c *Client) Read(ctx context.Context, t routing.Target) (routing.Announced, error) {
	own, err := c.own(ctx, t.Speaker)
	if err != nil {
		return routing.Announced{}, err
	}
	out := routing.Announced{Custom: true, Entries: []string{}}
	for _, e := range sorted(own) {
		out.Entries = append(out.Entries, e.String())
	}
	return out, nil
}

// own is what was added through the API.
func (c *Client) own(ctx context.Context, name string) (map[netip.Prefix]entry, error) {
	paths, err := c.paths(ctx, name, &api.ListPathRequest{TableType: api.TableType_TABLE_TYPE_GLOBAL})
	if err != nil {
		return nil, err
	}
	out := map[netip.Prefix]entry{}
	for _, p := range paths {
		if p.learned {
			continue
		}
		if e, err := parseEntry(p.prefix.String() + "@" + p.nextHop); err == nil {
			out[p.prefix] = e
		}
	}
	return out, nil
}

// Write implements [routing.Announcements] as the difference to what is there: it adds and changes first, then
// withdraws, but where both would be more than a peer takes. It may be cut off anywhere and written again.
func (c *Client) Write(ctx context.Context, _ uuid.UUID, t routing.Target, a routing.Announced) error {
	want, err := parseEntries(a.Entries)
	if err != nil {
		return workers.Refuse("invalid", "write list of speaker %s: %w", t.Speaker, err)
	}
	limit := c.remotes[t.Speaker].MaxPrefixes
	if limit > 0 && len(want) > limit {
		return workers.Refuse(events.ReasonFull, "write list of speaker %s: %d prefixes, and a peer of it takes %d",
			t.Speaker, len(want), limit)
	}
	have, err := c.own(ctx, t.Speaker)
	if err != nil {
		return err
	}
	fresh, gone := missing(want, have, true), missing(have, want, false)
	if len(fresh)+len(gone) == 0 {
		return nil
	}
	changes := []func() error{
		func() error { return c.each(ctx, t.Speaker, fresh, c.add) },
		func() error { return c.each(ctx, t.Speaker, gone, c.remove) },
	}
	if limit > 0 && len(want)+len(gone) > limit {
		slices.Reverse(changes)
	}
	for _, change := range changes {
		if err := change(); err != nil {
			return err
		}
	}
	return c.verify(ctx, t.Speaker, want)
}

// missing are the entries of one list whose prefix the other does not have, or not with that next hop.
func missing(of, in map[netip.Prefix]entry, hops bool) []entry {
	return slices.DeleteFunc(sorted(of), func(e entry) bool {
		other, has := in[e.prefix]
		return has && (!hops || other == e)
	})
}

func (c *Client) each(
	ctx context.Context, name string, entries []entry, do func(context.Context, string, entry) error,
) error {
	for _, e := range entries {
		if err := do(ctx, name, e); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) verify(ctx context.Context, name string, want map[netip.Prefix]entry) error {
	back, err := c.own(ctx, name)
	if err != nil {
		return workers.Unsure("read-back", err)
	}
	if !slices.Equal(sorted(back), sorted(want)) {
		return workers.Unsure(
			"read-back", fmt.Errorf("write list of speaker %s: wrote %v, read %v", name, sorted(want), sorted(back)),
		)
	}
	return nil
}

// add announces one entry; another next hop for the same prefix takes its place.
func (c *Client) add(ctx context.Context, name string, e entry) error {
	ctx, cancel, speaker, err := c.call(ctx, name)
	if err != nil {
		return err
	}
	defer cancel()
	_, err = speaker.AddPath(ctx, &api.AddPathRequest{TableType: api.TableType_TABLE_TYPE_GLOBAL, Path: e.path()})
	return classify("announce "+e.String(), true, err)
}

// remove withdraws by prefix: the ids of paths live in the speaker's memory only.
func (c *Client) remove(ctx context.Context, name string, e entry) error {
	ctx, cancel, speaker, err := c.call(ctx, name)
	if err != nil {
		return err
	}
	defer cancel()
	req := &api.DeletePathRequest{TableType: api.TableType_TABLE_TYPE_GLOBAL, Family: unicast(), Path: e.path()}
	_, err = speaker.DeletePath(ctx, req)
	if err = classify("withdraw "+e.String(), true, err); errors.Is(err, workers.ErrNotFound) {
		return nil
	}
	return err
}

// Sight implements [routing.Announcements]: which peers were sent the prefix, as a sign of life shows that follows it.
// Peers that are optional and down are not waited for; what they miss is told all the same.
func (c *Client) Sight(ctx context.Context, t routing.Target, text string) (routing.Sight, error) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return routing.Sight{}, workers.Refuse("invalid", "look for %q: not a prefix", text)
	}
	peers, err := c.peers(ctx, t.Speaker)
	if err != nil {
		return routing.Sight{}, err
	}
	sight := routing.Sight{Peers: c.wanted(t.Speaker, peers), Seen: []string{}}
	for _, p := range peers {
		if !p.up {
			sight.Down = append(sight.Down, p.absence())
			continue
		}
		sent, err := c.sent(ctx, t.Speaker, p, prefix.Masked())
		if err != nil {
			return routing.Sight{}, err
		}
		if sent {
			sight.Sent = append(sight.Sent, p.address)
		}
	}
	sight.Seen = append(sight.Seen, sight.Sent...)
	return sight, nil
}

// absence is a peer without a session, for whoever waits for it.
func (p peer) absence() routing.Absence {
	out := routing.Absence{Peer: p.address, Since: p.since, Reason: p.why}
	if p.down {
		out.Reason = "it is switched off at the speaker"
	}
	return out
}

// wanted are the peers that an announcement waits for: all that are switched on, but for the optional ones that are
// down. Where nobody is left, it waits for everybody.
func (c *Client) wanted(name string, peers []peer) []string {
	needed, all := []string{}, []string{}
	for _, p := range peers {
		if p.down {
			continue
		}
		all = append(all, p.address)
		if p.up || !slices.Contains(c.remotes[name].Optional, p.address) {
			needed = append(needed, p.address)
		}
	}
	if len(needed) > 0 {
		return needed
	}
	return all
}

// sent tells whether a peer was told the prefix, and lived on.
func (c *Client) sent(ctx context.Context, name string, to peer, prefix netip.Prefix) (bool, error) {
	paths, err := c.paths(ctx, name, &api.ListPathRequest{
		TableType: api.TableType_TABLE_TYPE_ADJ_OUT, Name: to.address,
		Prefixes: []*api.TableLookupPrefix{{Prefix: prefix.String(), Type: api.TableLookupPrefix_TYPE_EXACT}},
	})
	if errors.Is(err, workers.ErrNotFound) {
		return false, nil // the peer went away meanwhile
	}
	return slices.ContainsFunc(paths, func(p path) bool { return p.prefix == prefix && to.signed(p) }), err
}
