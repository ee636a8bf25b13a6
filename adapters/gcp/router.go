package gcp

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"cloud.google.com/go/compute/apiv1/computepb"
	"github.com/google/uuid"
	computev1 "google.golang.org/api/compute/v1"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/routing"
)

// routers announces prefixes through Cloud Routers: the list bgp.advertisedIpRanges, which has no fingerprint and which
// a patch replaces whole.
type routers struct{ *Client }

var _ routing.Announcements = routers{}

// Routers is the port to Cloud Routers, via "cloud-router".
func (c *Client) Routers() routing.Announcements { return routers{c} }

const (
	custom = "CUSTOM"
	// allSubnets is the group that a router announces by itself while its mode is DEFAULT. In CUSTOM mode it must be
	// named, else no subnet is announced any more.
	allSubnets = "ALL_SUBNETS"
	// sessionLimit is the vendor's limit of custom advertised routes a BGP session; it cannot be raised.
	sessionLimit = 200
)

func (r routers) read(ctx context.Context, t routing.Target) (*computepb.Router, error) {
	req := &computepb.GetRouterRequest{Project: t.Project, Region: t.Region, Router: t.Router}
	got, err := r.routers.Get(ctx, req, once())
	return got, r.fail(call{name: "routers.get"}, err)
}

func (r routers) status(ctx context.Context, t routing.Target) (*computepb.RouterStatus, error) {
	req := &computepb.GetRouterStatusRouterRequest{Project: t.Project, Region: t.Region, Router: t.Router}
	got, err := r.routers.GetRouterStatus(ctx, req, once())
	return got.GetResult(), r.fail(call{name: "routers.getRouterStatus"}, err)
}

// Check refuses a router that cannot carry an announcement of ours. A peer with a list of its own ignores the router's.
func (r routers) Check(ctx context.Context, t routing.Target) ([]string, error) {
	got, err := r.read(ctx, t)
	if err != nil {
		return nil, err
	}
	if have := relative(got.GetNetwork()); t.Network != "" && have != relative(t.Network) {
		return nil, workers.Refuse("wrong-network", "router %s is of %s, the endpoint of %s", t.Router, have,
			relative(t.Network))
	}
	if got.GetBgp() == nil {
		return nil, workers.Refuse("no-bgp", "router %s has no BGP", t.Router)
	}
	for _, p := range got.GetBgpPeers() {
		if p.GetAdvertiseMode() == custom {
			return nil, workers.Refuse("own-mode-peer",
				"peer %s of router %s announces a list of its own and would not announce the router's", p.GetName(),
				t.Router)
		}
	}
	status, err := r.status(ctx, t)
	if err != nil {
		return nil, err
	}
	known := entries(got)
	for _, route := range slices.Concat(status.GetBestRoutes(), status.GetBestRoutesForRouter()) {
		known = append(known, canonical(route.GetDestRange()))
	}
	if n := len(got.GetBgp().GetAdvertisedIpRanges()); n >= sessionLimit {
		err = full(t, n+1)
	}
	return set(known), err
}

func full(t routing.Target, n int) error {
	return workers.Refuse(events.ReasonFull, "router %s: %d custom ranges, the limit is %d a BGP session", t.Router, n,
		sessionLimit)
}

func entries(got *computepb.Router) []string {
	var out []string
	for _, e := range got.GetBgp().GetAdvertisedIpRanges() {
		out = append(out, canonical(e.GetRange()))
	}
	return out
}

// Read gives the list. Owners are the descriptions.
func (r routers) Read(ctx context.Context, t routing.Target) (routing.Announced, error) {
	got, err := r.read(ctx, t)
	if err != nil {
		return routing.Announced{}, err
	}
	bgp := got.GetBgp()
	a := routing.Announced{Custom: bgp.GetAdvertiseMode() == custom, Owners: map[string]string{}}
	if !a.Custom {
		a.Defaults = []string{allSubnets}
		return a, nil
	}
	a.Defaults, a.Entries = slices.Clone(bgp.GetAdvertisedGroups()), entries(got)
	for _, e := range bgp.GetAdvertisedIpRanges() {
		a.Owners[canonical(e.GetRange())] = e.GetDescription()
	}
	return a, nil
}

// Write replaces mode, groups and ranges in one patch of bgp alone; a PUT would delete interfaces and peers. Entries
// keep the description they have unless Owners names another. A list that is as wanted is not written.
func (r routers) Write(ctx context.Context, req uuid.UUID, t routing.Target, a routing.Announced) error {
	if n := len(a.Entries); n > sessionLimit {
		return full(t, n)
	}
	got, err := r.read(ctx, t)
	if err != nil {
		return absent(err)
	}
	want := wanted(got, a)
	if sameBGP(got, want) {
		return nil
	}
	body, err := json.Marshal(&computev1.Router{Bgp: want})
	if err != nil {
		return workers.Refuse("invalid", "routers.patch: encode request: %w", err)
	}
	// What was there is part of the request id: the same list may rightly be written twice in one saga, with another's
	// write in between.
	before, err := json.Marshal(got.GetBgp())
	if err != nil {
		return workers.Refuse("invalid", "routers.patch: encode router: %w", err)
	}
	return r.mutate(mutation{
		call: "routers.patch", project: t.Project, region: t.Region, req: req,
		request: wrapperspb.String(t.Project + "/" + t.Region + "/" + t.Router + string(body)), before: string(before),
		send: func(id *string) (started, error) {
			patch := r.compute.Routers.Patch(t.Project, t.Region, t.Router, &computev1.Router{Bgp: want})
			return fromREST(patch.RequestId(*id).Context(ctx).Do())
		},
		took: func() (bool, error) {
			now, err := r.read(ctx, t)
			return sameBGP(now, want), err
		},
	})
}

// wanted is the patch. Empty lists are forced into the body: what is left out of a merge patch stays.
func wanted(got *computepb.Router, a routing.Announced) *computev1.RouterBgp {
	out := &computev1.RouterBgp{
		AdvertiseMode: "DEFAULT", ForceSendFields: []string{"AdvertisedGroups", "AdvertisedIpRanges"},
	}
	if !a.Custom {
		return out
	}
	out.AdvertiseMode = custom
	switch bgp := got.GetBgp(); {
	case len(a.Defaults) > 0:
		out.AdvertisedGroups = slices.Clone(a.Defaults)
	case bgp.GetAdvertiseMode() == custom:
		out.AdvertisedGroups = slices.Clone(bgp.GetAdvertisedGroups())
	default:
		out.AdvertisedGroups = []string{allSubnets}
	}
	described := map[string]string{}
	for _, e := range got.GetBgp().GetAdvertisedIpRanges() {
		described[canonical(e.GetRange())] = e.GetDescription()
	}
	for _, entry := range a.Entries {
		entry = canonical(entry)
		description := described[entry]
		if owner := a.Owners[entry]; owner != "" {
			description = owner
		}
		out.AdvertisedIpRanges = append(
			out.AdvertisedIpRanges, &computev1.RouterAdvertisedIpRange{Range: entry, Description: description},
		)
	}
	return out
}

// sameBGP tells whether a router announces what is wanted, in any order.
func sameBGP(got *computepb.Router, want *computev1.RouterBgp) bool {
	bgp := got.GetBgp()
	have := make([]string, 0, len(bgp.GetAdvertisedIpRanges()))
	for _, e := range bgp.GetAdvertisedIpRanges() {
		have = append(have, canonical(e.GetRange())+" "+e.GetDescription())
	}
	need := make([]string, 0, len(want.AdvertisedIpRanges))
	for _, e := range want.AdvertisedIpRanges {
		need = append(need, e.Range+" "+e.Description)
	}
	isCustom, wantCustom := bgp.GetAdvertiseMode() == custom, want.AdvertiseMode == custom
	return isCustom == wantCustom && sameSet(have, need) && sameSet(bgp.GetAdvertisedGroups(), want.AdvertisedGroups)
}

// Sight asks the router what it tells each peer whose session is up, which sessions are down, and whether what it has
// learned from them is in the data plane of its region: a prefix beyond the quota of learned routes, say, is not.
func (r routers) Sight(ctx context.Context, t routing.Target, prefix string) (routing.Sight, error) {
	status, err := r.status(ctx, t)
	if err != nil {
		return routing.Sight{}, err
	}
	var out routing.Sight
	if out.Stranded, err = r.stranded(ctx, status); err != nil {
		return out, err
	}
	prefix = canonical(prefix)
	for _, p := range status.GetBgpPeerStatus() {
		if p.GetStatus() != "UP" {
			out.Down = append(out.Down, routing.Absence{Peer: p.GetName(),
				Reason: "the session is " + cmp.Or(p.GetState(), p.GetStatus())})
			continue
		}
		out.Peers = append(out.Peers, p.GetName())
		if slices.ContainsFunc(p.GetAdvertisedRoutes(), func(route *computepb.Route) bool {
			return canonical(route.GetDestRange()) == prefix
		}) {
			out.Seen = append(out.Seen, p.GetName())
		}
	}
	out.Sent = append(out.Sent, out.Seen...)
	return out, nil
}

// stranded are the prefixes that the router has learned and that no route leads to: none of the region's data plane,
// whoever it is learned from, and no static or subnet route, which stands above a learned one. A default route leads
// elsewhere.
func (r routers) stranded(ctx context.Context, status *computepb.RouterStatus) ([]string, error) {
	var back, out []string
	for _, route := range status.GetBestRoutes() {
		back = append(back, canonical(route.GetDestRange()))
	}
	for _, route := range status.GetBestRoutesForRouter() {
		if dest := canonical(route.GetDestRange()); !slices.Contains(back, dest) {
			out = append(out, dest)
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	fixed, err := r.routesOf(ctx, relative(status.GetNetwork()))
	if err != nil {
		return nil, err
	}
	for _, route := range fixed {
		if route.GetDestRange() != anywhere {
			back = append(back, route.GetDestRange())
		}
	}
	return set(slices.DeleteFunc(out, func(dest string) bool { return inside(dest, back) })), nil
}
