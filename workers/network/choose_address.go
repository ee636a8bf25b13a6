package network

import (
	"context"
	"errors"
	"net/netip"
	"strings"

	"github.com/culvertnet/culvert/workers"
)

// choose decides the number; an empty one lets the vendor choose inside the subnet.
func (s reserveAddress) choose(
	ctx context.Context, run workers.Run, in ReserveAddressIn, t workers.Ownership,
) (string, error) {
	if in.Subnet != "" {
		return in.IP, s.inSubnet(ctx, in)
	}
	n, err := s.Networks.Space(ctx, in.Network)
	if errors.Is(err, workers.ErrNotFound) {
		return "", workers.Refuse("not-found", "network %s is not there", in.Network)
	}
	if err != nil {
		return "", err
	}
	free, err := newSpace(n, in.Ranges, in.Known)
	if err != nil {
		return "", workers.Refuse("invalid", "%w", err)
	}
	p, err := s.pool(in.Pool, in.Ranges)
	if err != nil {
		return "", err
	}
	// Whoever leaves last gives the address back to the pool that it came from, which need not be the one of its
	// intent.
	if t.Shared {
		if err := t.Note(ctx, run, "pool", strings.Join(append([]string{in.Pool}, in.Ranges...), " ")); err != nil {
			return "", err
		}
	}
	if in.IP == "" {
		a, err := p.Take(ctx, run, consumer(run, in), func(a netip.Addr) bool { return free.taken(a) != "" })
		return a.String(), err
	}
	a, err := netip.ParseAddr(in.IP)
	if err != nil || !a.Is4() {
		return "", workers.Refuse("invalid", "address %q is no IPv4 address", in.IP)
	}
	if by := free.taken(a); by != "" {
		return "", workers.Refuse("address-taken", "address %s is in %s", a, by)
	}
	return in.IP, p.Claim(ctx, run, consumer(run, in), a)
}

// inSubnet refuses what cannot be reserved inside the subnet.
func (s reserveAddress) inSubnet(ctx context.Context, in ReserveAddressIn) error {
	_, err := s.subnetFor(ctx, in.Subnet, in.Network, in.Region, in.IP)
	return err
}

// subnetFor reads a subnetwork and refuses one that does not fit: absent, of another network or region, without the
// address.
func (d Drivers) subnetFor(ctx context.Context, name, network, region, ip string) (Subnet, error) {
	sub, err := d.Networks.Subnet(ctx, name)
	switch {
	case errors.Is(err, workers.ErrNotFound):
		return sub, workers.Refuse("not-found", "subnet %s is not there", name)
	case err != nil:
		return sub, err
	case sub.Network != network:
		return sub, workers.Refuse("invalid", "subnet %s belongs to %s, not to %s", name, sub.Network, network)
	case region != "" && sub.Region != region:
		return sub, workers.Refuse("invalid", "subnet %s is in %s, not in %s", name, sub.Region, region)
	}
	if ip == "" {
		return sub, nil
	}
	a, err := netip.ParseAddr(ip)
	p, perr := netip.ParsePrefix(sub.CIDR)
	if err != nil || perr != nil || !usable(p, a) {
		return sub, workers.Refuse("invalid", "address %s is not a usable one of subnet %s (%s)", ip, name, sub.CIDR)
	}
	return sub, nil
}

// consumer is who the address is for: the shared thing, so that its address stays the same whoever comes first, or this
// generation alone.
func consumer(run workers.Run, in ReserveAddressIn) string {
	if in.Shared != "" {
		return in.Shared
	}
	return run.Holder().String()
}

// pool is the operator's pool; an address that is in none is claimed in a pool of such.
func (d Drivers) pool(name string, ranges []string) (workers.Pool, error) {
	p := workers.Pool{Claims: d.Claims, Times: d.Times, Name: name}
	if name == "" {
		p.Name = "fixed"
	}
	for _, r := range ranges {
		prefix, err := netip.ParsePrefix(r)
		if err != nil {
			return p, workers.Refuse("invalid", "pool %s: %w", name, err)
		}
		p.Ranges = append(p.Ranges, prefix)
	}
	return p, nil
}

// give gives the number back to the pool that it came from.
func (s reserveAddress) give(ctx context.Context, run workers.Run, in ReserveAddressIn, t workers.Ownership) error {
	if in.Subnet != "" {
		return nil
	}
	name, ranges := in.Pool, in.Ranges
	if from := t.Noted("pool"); from != "" {
		parts := strings.Split(from, " ")
		name, ranges = parts[0], parts[1:]
	}
	p, err := s.pool(name, ranges)
	if err != nil {
		return err
	}
	return p.Give(ctx, run, consumer(run, in))
}
