package networktest

import (
	"context"
	"errors"
	"net/netip"
	"slices"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/network"
)

type (
	networks  struct{ w *World }
	addresses struct{ w *World }
)

// Networks gives the port.
func (w *World) Networks() network.Networks { return networks{w} }

// Addresses gives the port.
func (w *World) Addresses() network.Addresses { return addresses{w} }

// PutNetwork places a VPC.
func (w *World) PutNetwork(n network.Network) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.networks[n.Name] = n
}

// PutSubnet places a subnetwork, which becomes a range of its network.
func (w *World) PutSubnet(s network.Subnet) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.subnets[s.Name] = s
	n := w.networks[s.Network]
	n.Subnets = append(n.Subnets, network.Range{CIDR: s.CIDR, From: s.Name})
	w.networks[s.Network] = n
}

// PutAddress places an address as it is, whoever made it.
func (w *World) PutAddress(a network.Address) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.addresses[a.Ref] = a
}

// AllAddresses lists the addresses by name.
func (w *World) AllAddresses() []network.Address {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []network.Address
	for _, a := range w.addresses {
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b network.Address) int { return compare(a.Ref, b.Ref) })
	return all
}

// Space implements [network.Networks].
func (p networks) Space(ctx context.Context, name string) (network.Network, error) {
	return p.Describe(ctx, name)
}

func (p networks) Describe(ctx context.Context, name string) (network.Network, error) {
	if err := ctx.Err(); err != nil {
		return network.Network{}, err
	}
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	n, ok := p.w.networks[name]
	if !ok {
		return network.Network{}, workers.ErrNotFound
	}
	for _, e := range p.w.endpoints {
		if e.Network == name && e.Region == "" {
			n.BundleEndpoints++
		}
	}
	n.Subnets, n.Routes, n.Allocated = slices.Clone(n.Subnets), slices.Clone(n.Routes), slices.Clone(n.Allocated)
	return n, nil
}

func (p networks) Overrides(ctx context.Context, name, ip string) (string, error) {
	n, err := p.Describe(ctx, name)
	if err != nil {
		return "", err
	}
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return "", workers.Refuse("invalid", "address: %w", err)
	}
	for _, r := range slices.Concat(n.Subnets,
		slices.DeleteFunc(n.Routes, func(r network.Range) bool { return r.CIDR != ip+"/32" })) {
		if p, err := netip.ParsePrefix(r.CIDR); err == nil && p.Contains(addr) {
			return r.From, nil
		}
	}
	return "", nil
}

func (p networks) Subnet(ctx context.Context, name string) (network.Subnet, error) {
	if err := ctx.Err(); err != nil {
		return network.Subnet{}, err
	}
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	s, ok := p.w.subnets[name]
	if !ok {
		return network.Subnet{}, workers.ErrNotFound
	}
	return s, nil
}

func (p networks) SetGoogleAccess(ctx context.Context, _ uuid.UUID, name string, on bool) error {
	return p.w.Act(ctx, "subnetworks.setPrivateIpGoogleAccess", name, func() (func(), error) {
		s, ok := p.w.subnets[name]
		if !ok {
			return nil, workers.Refuse("not-found", "subnet %s is not there", name)
		}
		if s.GoogleAccess == on {
			return nil, nil
		}
		return func() {
			s.GoogleAccess = on
			p.w.subnets[name] = s
		}, nil
	})
}

func (p addresses) Get(ctx context.Context, ref network.Ref) (network.Address, error) {
	if err := ctx.Err(); err != nil {
		return network.Address{}, err
	}
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	a, ok := p.w.addresses[ref]
	if !ok {
		return network.Address{}, workers.ErrNotFound
	}
	for _, e := range p.w.endpoints {
		if e.AddressName == AddressName(ref) {
			a.InUseBy = append(a.InUseBy, "projects/"+e.Project+"/forwardingRules/"+e.Name)
		}
	}
	return a, nil
}

// Reserve leaves an address that is there already as it is.
func (p addresses) Reserve(ctx context.Context, _ uuid.UUID, a network.Address) error {
	return p.w.Act(ctx, "addresses.insert", a.Name, func() (func(), error) {
		if _, ok := p.w.addresses[a.Ref]; ok {
			return nil, nil
		}
		if a.Region != "" && a.IP == "" {
			a.IP = p.w.nextIn(a.Subnet)
		}
		if err := p.w.reservable(a); err != nil {
			return nil, err
		}
		a.InUseBy = nil
		p.w.addresses[a.Ref] = a
		return done, nil
	})
}

// reservable is the vendor's own check of an address.
func (w *World) reservable(a network.Address) error {
	ip, err := netip.ParseAddr(a.IP)
	if err != nil {
		return workers.Refuse("invalid", "address %q: %w", a.IP, err)
	}
	for _, other := range w.addresses {
		if other.IP == a.IP {
			return workers.Refuse("in-use", "address %s is reserved as %s", a.IP, other.Name)
		}
	}
	if a.Region != "" {
		if !netip.MustParsePrefix(w.subnets[a.Subnet].CIDR).Contains(ip) {
			return workers.Refuse("invalid", "address %s is not in %s", a.IP, a.Subnet)
		}
		return nil
	}
	for _, r := range w.networks[a.Network].Subnets {
		if netip.MustParsePrefix(r.CIDR).Contains(ip) {
			return workers.Refuse("invalid", "address %s is in the range of %s", a.IP, r.From)
		}
	}
	return nil
}

// nextIn gives the first address of a subnetwork that nobody has; the vendor keeps the first two.
func (w *World) nextIn(subnet string) string {
	ip := netip.MustParsePrefix(w.subnets[subnet].CIDR).Addr().Next()
	for {
		ip = ip.Next()
		taken := false
		for _, a := range w.addresses {
			taken = taken || a.IP == ip.String()
		}
		if !taken {
			return ip.String()
		}
	}
}

var errInUse = errors.New("the address is in use")

func (p addresses) Release(ctx context.Context, _ uuid.UUID, ref network.Ref) error {
	return p.w.Act(ctx, "addresses.delete", ref.Name, func() (func(), error) {
		if _, ok := p.w.addresses[ref]; !ok {
			return nil, nil
		}
		for _, e := range p.w.endpoints {
			if e.AddressName == AddressName(ref) {
				return nil, workers.Retry("in-use", 0, errInUse)
			}
		}
		return func() { delete(p.w.addresses, ref) }, nil
	})
}
