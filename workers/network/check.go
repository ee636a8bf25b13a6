package network

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// check looks up what would refuse a later step, before anything has an effect.
type check struct{ Drivers }

// Checks tells a check before the first effect, which shares what it reads with the others.
func (check) Checks(in CheckIn) bool { return !in.Withdrawing }

// Do reads and refuses. Before a removal it tells what goes off with it; whether others rely on that is asked of all
// who send.
func (s check) Do(ctx context.Context, run workers.Run, in CheckIn, _ *CheckOut) (CheckOut, error) {
	if in.Withdrawing {
		return s.leaving(ctx, run, in)
	}
	if in.ofSubnets() {
		return s.out(ctx, in)
	}
	n, err := s.Networks.Describe(ctx, in.Network)
	if errors.Is(err, workers.ErrNotFound) {
		return CheckOut{}, workers.Refuse("not-found", "network %s is not there", in.Network)
	}
	if err != nil {
		return CheckOut{}, err
	}
	free, err := newSpace(n, in.PoolRanges, nil)
	if err != nil {
		return CheckOut{}, workers.Refuse("invalid", "%w", err)
	}
	for _, part := range []func() error{
		func() error { return connectorFits(in, free) },
		func() error { return s.addressFits(ctx, in, n, free) },
		func() error { return s.namesFit(ctx, run, in, n) },
		func() error { return s.accessFits(ctx, in) },
	} {
		if err := part(); err != nil {
			return CheckOut{}, err
		}
	}
	return s.out(ctx, in)
}

// ofSubnets tells a question that subnetworks answer by themselves, each with its network: nothing is to have room in
// the network, and no name is to be answered.
func (in CheckIn) ofSubnets() bool {
	return in.DirectSubnet+in.ConnectorSubnet != "" && in.Target+in.Connector == "" && len(in.Hostnames) == 0 &&
		len(in.AccessNets) == 0 && !in.Inbound
}

// out reads the subnetworks that later steps rely on.
func (s check) out(ctx context.Context, in CheckIn) (out CheckOut, err error) {
	if in.Subnet != "" {
		sub, err := s.subnetFor(ctx, in.Subnet, in.Network, in.Region, in.IP)
		if err != nil {
			return out, err
		}
		out.SubnetCIDR = sub.CIDR
	}
	if in.DirectSubnet != "" {
		sub, err := s.subnetFor(ctx, in.DirectSubnet, in.Network, "", "")
		if err != nil {
			return out, err
		}
		if p, err := netip.ParsePrefix(sub.CIDR); err != nil || p.Bits() > directBits {
			return out, workers.Refuse("invalid", "subnet %s (%s) is smaller than the /%d of a direct interface",
				sub.Name, sub.CIDR, directBits)
		}
		out.DirectCIDR = sub.CIDR
	}
	out.ConnectorCIDR, err = s.connectorSubnet(ctx, in)
	return out, err
}

// connectorBits is the prefix of a connector's subnetwork (VPC with connectors: a /28 with nothing else in it).
const connectorBits = 28

// connectorSubnet gives the range of a connector's subnetwork. It refuses a subnetwork of another network or region,
// and one that no connector can be in: else the connector is made in one network and its filter stands in another's
// policy.
func (s check) connectorSubnet(ctx context.Context, in CheckIn) (string, error) {
	if in.ConnectorSubnet == "" {
		return "", nil
	}
	sub, err := s.subnetFor(ctx, in.ConnectorSubnet, in.Network, in.ConnectorRegion, "")
	if err != nil {
		return "", err
	}
	if p, err := netip.ParsePrefix(sub.CIDR); err != nil || p.Bits() != connectorBits {
		return "", workers.Refuse("invalid", "subnet %s (%s) is not the /%d that a connector needs", sub.Name, sub.CIDR,
			connectorBits)
	}
	if sub.Purpose != "" && sub.Purpose != "PRIVATE" {
		return "", workers.Refuse("invalid", "subnet %s has the purpose %s: no connector can be in it", sub.Name,
			sub.Purpose)
	}
	return sub.CIDR, nil
}

// directBits is the longest prefix of a subnetwork for direct interfaces (Direct VPC egress).
const directBits = 26

// connectorFits refuses a range for a connector that is in use.
func connectorFits(in CheckIn, free space) error {
	if in.Connector == "" {
		return nil
	}
	p, err := netip.ParsePrefix(in.Connector)
	if err != nil {
		return workers.Refuse("invalid", "connector range: %w", err)
	}
	if by := free.conflict(p); by != "" {
		return workers.Refuse("range-taken", "connector range %s conflicts with %s", p, by)
	}
	return nil
}

// addressFits refuses an address that is in use and quotas that are spent. A standing shared endpoint needs neither an
// address nor a quota, but has to have the wanted address.
func (s check) addressFits(ctx context.Context, in CheckIn, n Network, free space) error {
	if in.Target == "" {
		return nil
	}
	if in.Shared != "" {
		r, err := s.Claims.Load(ctx, in.Shared)
		if err != nil {
			return workers.Retry("claims", 0, err)
		}
		if stands := r.Note["ip"]; stands != "" {
			if in.IP != "" && in.IP != stands {
				return workers.Refuse("address-conflict", "the standing endpoint has the address %s, not %s", stands,
					in.IP)
			}
			return nil
		}
	}
	if strings.Contains(in.Target, "/") {
		return nil // an attachment: its address lies inside the subnet, which is read by out
	}
	if in.IP != "" {
		a, err := netip.ParseAddr(in.IP)
		if err != nil {
			return workers.Refuse("invalid", "address: %w", err)
		}
		if by := free.taken(a); by != "" {
			return workers.Refuse("address-taken", "address %s is in %s", a, by)
		}
	} else if !free.room() {
		return workers.Refuse("pool-taken", "every range of the pool %v is inside a range that %s has already",
			in.PoolRanges, in.Network)
	}
	switch {
	case n.BundleQuota > 0 && n.BundleEndpoints >= n.BundleQuota:
		return workers.Refuse("quota",
			"%s has %d of %d endpoints for Google APIs (PSC_GOOGLE_APIS_FORWARDING_RULES_PER_NETWORK)",
			in.Network, n.BundleEndpoints, n.BundleQuota)
	case n.AddressesLeft == 0:
		return workers.Refuse("quota", "the quota of global internal addresses is exhausted")
	}
	return nil
}

// namesFit refuses names that cannot be mapped, and a network whose resolvers would not be asked.
func (s check) namesFit(ctx context.Context, run workers.Run, in CheckIn, n Network) error {
	switch {
	case in.Inbound && !n.InboundDNS:
		return workers.Refuse("dns", "%s has no inbound server policy: on-premises resolvers cannot ask it", in.Network)
	case len(in.Hostnames) > 0 && n.AlternativeDNS:
		return workers.Refuse("dns", "an outbound server policy of %s sends all names to other servers", in.Network)
	}
	project := projectOf(in.Network)
	for _, host := range in.Hostnames {
		if hidesOthers(host) {
			return workers.Refuse("hides-others", "a zone %s would hide every other service's name in %s", host,
				in.Network)
		}
		answering, err := s.Names.Answering(ctx, project, in.Network, host)
		if err != nil {
			return err
		}
		if z, found := inTheWay(run.Connection, answering, host); found {
			return workers.Refuse("foreign", "%s is answered by %s (%q), which Culvert does not own", host, z.Name,
				z.Owner)
		}
	}
	if in.Target == "" || strings.Contains(in.Target, "/") {
		return nil
	}
	return s.bundleZoneFits(ctx, in.Network, n)
}

// bundleZoneFits refuses a zone p.googleapis.com that is in the way of Google's own, which comes and goes with the
// network's endpoints. Endpoints and zones are two reads: another connection's first endpoint may come, or its last one
// go, between them. So a zone without an endpoint is believed only when it was seen thrice.
func (s check) bundleZoneFits(ctx context.Context, vpc string, n Network) error {
	for seen := 1; n.BundleEndpoints == 0; seen++ {
		answering, err := s.Names.Answering(ctx, projectOf(vpc), vpc, bundleZone)
		if err != nil {
			return err
		}
		if len(answering) == 0 || answering[0].Host != bundleZone || answering[0].Policy {
			return nil
		}
		if seen == 3 {
			return workers.Refuse("dns",
				"%s has a zone %s (%s): delete it first (Access Google APIs through endpoints)", vpc, bundleZone,
				answering[0].Name)
		}
		if n, err = s.Networks.Describe(ctx, vpc); err != nil {
			return err
		}
	}
	return nil
}

// bundleZone is the zone that Google makes by itself with the first endpoint of a network.
const bundleZone = "p.googleapis.com"

// projectOf is the project of a full name.
func projectOf(fullName string) string {
	parts := strings.Split(fullName, "/")
	if len(parts) < 2 {
		return ""
	}
	return parts[1]
}

// accessFits refuses subnetworks that are not there or not the network's.
func (s check) accessFits(ctx context.Context, in CheckIn) error {
	for _, name := range in.AccessNets {
		if _, err := s.subnetFor(ctx, name, in.Network, "", ""); err != nil {
			return err
		}
	}
	return nil
}

// leaving finds the subnetworks whose access was off before this connection and that no other connection holds: those
// are switched off again.
func (s check) leaving(ctx context.Context, run workers.Run, in CheckIn) (out CheckOut, err error) {
	for _, subnet := range in.AccessNets {
		r, _, err := enableGoogleAccess(s).attribute(subnet).Held(ctx, run)
		if err != nil {
			return out, err
		}
		have, err := s.Networks.Subnet(ctx, subnet)
		if errors.Is(err, workers.ErrNotFound) {
			continue
		}
		if err != nil {
			return out, err
		}
		out.AccessNetwork = have.Network
		others := slices.ContainsFunc(r.Holds, func(h workers.Hold) bool { return h.Live() && !h.Of(run.Connection) })
		if r.HeldBy(run.Connection) && !others && r.Found != nil && *r.Found == off {
			out.AccessOff = append(out.AccessOff, subnet)
		}
	}
	return out, nil
}

// Look repeats what the check found: it has no object, so there is nothing to compare.
func (s check) Look(_ context.Context, _ workers.Run, _ CheckIn, prior *CheckOut) (workers.Seen[CheckOut], error) {
	if prior == nil { // nothing was found yet, and a Look finds nothing: the check has to be done
		return workers.Seen[CheckOut]{Presence: events.Absent}, nil
	}
	return workers.Seen[CheckOut]{Presence: events.Present, Out: *prior}, nil
}

// Undo has nothing to take away.
func (s check) Undo(context.Context, workers.Run, CheckIn, *CheckOut) (workers.Undone, error) {
	return workers.Undone{}, nil
}
