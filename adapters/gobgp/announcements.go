package gobgp

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/google/uuid"
	"github.com/osrg/gobgp/v4/api"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/routing"
)

// Check implements [routing.Announcements]: the speaker answers, runs BGP and has peers to tell. Known are the prefixes
// it has learned and those it announces.
func (c *Client) Check(ctx context.Context, t routing.Target) ([]string, error) {
	if hop, err := netip.ParseAddr(t.NextHop); err != nil || !hop.Is4() || hop.IsUnspecified() {
		return nil, workers.Refuse("invalid", "check speaker %s: next hop %q is not an IPv4 address", t.Speaker,
			t.NextHop)
	}
	peers, err := c.peers(ctx, t.Speaker)
	if err != nil {
		return nil, err
	}
	if len(wanted(peers)) == 0 {
		return nil, workers.Refuse("no-peers", "check speaker %s: it has no peer to tell", t.Speaker)
	}
	paths, err := c.paths(ctx, t.Speaker, &api.ListPathRequest{TableType: api.TableType_TABLE_TYPE_GLOBAL})
	if err != nil {
		return nil, err
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
// withdraws. It may be cut off anywhere and written again.
func (c *Client) Write(ctx context.Context, _ uuid.UUID, t routing.Target, a routing.Announced) error {
	want, err := parseEntries(a.Entries)
	if err != nil {
		return workers.Refuse("invalid", "write list of speaker %s: %w", t.Speaker, err)
	}
	have, err := c.own(ctx, t.Speaker)
	if err != nil {
		return err
	}
	changed := false
	for _, e := range sorted(want) {
		if have[e.prefix] == e {
			continue
		}
		changed = true
		if err := c.add(ctx, t.Speaker, e); err != nil {
			return err
		}
	}
	for _, e := range sorted(have) {
		if _, keep := want[e.prefix]; keep {
			continue
		}
		changed = true
		if err := c.remove(ctx, t.Speaker, e); err != nil {
			return err
		}
	}
	if !changed {
		return nil
	}
	return c.verify(ctx, t.Speaker, want)
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

// Sight implements [routing.Announcements]: what each established peer was sent (ADJ_OUT). While no session stands, all
// peers are named and none has seen it.
func (c *Client) Sight(ctx context.Context, t routing.Target, text string) (routing.Sight, error) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return routing.Sight{}, workers.Refuse("invalid", "look for %q: not a prefix", text)
	}
	peers, err := c.peers(ctx, t.Speaker)
	if err != nil {
		return routing.Sight{}, err
	}
	sight := routing.Sight{Peers: wanted(peers), Seen: []string{}}
	for _, p := range peers {
		if !p.up {
			continue
		}
		told, err := c.told(ctx, t.Speaker, p.address, prefix.Masked())
		if err != nil {
			return routing.Sight{}, err
		}
		if told {
			sight.Seen = append(sight.Seen, p.address)
		}
	}
	return sight, nil
}

// wanted are the peers that should have what the speaker announces: those that are up, else all that are switched on.
func wanted(peers []peer) []string {
	up, all := []string{}, []string{}
	for _, p := range peers {
		if p.up {
			up = append(up, p.address)
		}
		if !p.down {
			all = append(all, p.address)
		}
	}
	if len(up) > 0 {
		return up
	}
	return all
}

func (c *Client) told(ctx context.Context, name, peer string, prefix netip.Prefix) (bool, error) {
	paths, err := c.paths(ctx, name, &api.ListPathRequest{
		TableType: api.TableType_TABLE_TYPE_ADJ_OUT, Name: peer,
		Prefixes: []*api.TableLookupPrefix{{Prefix: prefix.String(), Type: api.TableLookupPrefix_TYPE_EXACT}},
	})
	if errors.Is(err, workers.ErrNotFound) {
		return false, nil // the peer went away meanwhile
	}
	return slices.ContainsFunc(paths, func(p path) bool { return p.prefix == prefix }), err
}
