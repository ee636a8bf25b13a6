package workers

import (
	"context"
	"net/netip"
	"slices"
)

// A Pool gives out single IPv4 addresses of the operator's ranges: never one address twice, and the same consumer gets
// the same address however often and from wherever it asks. A consumer is who the address is for: a shared thing's
// resource name, or a run's Holder. There is one record for each /24.
//
// Where the consumer is the run's own holder, older epochs are fenced; a shared consumer's runs are fenced by the
// counted record that they share.
type Pool struct {
	Claims Claims
	Times  ClaimTimes
	// Name is the operator's; with the /24 it names the records.
	Name string
	// Ranges are the pool's CIDRs. They may grow; an address given out of a range that was taken away stays given.
	Ranges []netip.Prefix
}

// Take gives the consumer its address. taken tells of addresses that are in use in the world; it is called often and
// must be fast. It refuses "pool-exhausted" when nothing is free. An address that was given back is free for others
// only after the deadline of the run that gave it and the quiet period.
func (p Pool) Take(ctx context.Context, run Run, consumer string, taken func(netip.Addr) bool) (netip.Addr, error) {
	blocks := p.blocks()
	fits := func(a netip.Addr) bool { return p.contains(a) && !taken(a) }
	place := p.start(blocks, consumer)
	for hops := 0; place != "" && hops <= len(blocks)+1; hops++ {
		var addr netip.Addr
		var next string
		block, err := netip.ParseAddr(place)
		if err != nil {
			return addr, Refuse("corrupt", "pool %s leads %s to %q: %w", p.Name, consumer, place, err)
		}
		c := choose{claim: p.claim(run, consumer), start: int(spread(consumer) / 7 % hostsOfBlock), fits: fits}
		if hops < len(blocks)-1 {
			c.next = p.after(blocks, place)
		}
		_, err = change(ctx, p.Claims, p.resource(place), func(r Record) (Record, error) {
			var err error
			r, addr, next, err = r.take(block, c)
			return r, err
		})
		if err != nil || addr.IsValid() {
			return addr, err
		}
		place = next
	}
	return netip.Addr{}, Refuse("pool-exhausted", "pool %s has no free address in %v", p.Name, p.Ranges)
}

// Claim gives the consumer one fixed address, inside the ranges or not. It refuses "foreign" when another holds it and
// "conflict" when the consumer has another one.
func (p Pool) Claim(ctx context.Context, run Run, consumer string, addr netip.Addr) error {
	c := p.claim(run, consumer)
	block := blockOf(addr).String()
	if start := p.start(p.blocks(), consumer); start != block {
		lead := c
		lead.value = pointer + block
		if _, err := change(ctx, p.Claims, p.resource(start),
			func(r Record) (Record, error) { return r.leadTo(lead) }); err != nil {
			return err
		}
	}
	c.value = addr.String()
	_, err := change(ctx, p.Claims, p.resource(block), func(r Record) (Record, error) { return r.takeFixed(c) })
	return err
}

// Give gives back what the consumer has, and succeeds when it has nothing.
func (p Pool) Give(ctx context.Context, run Run, consumer string) error {
	c := p.claim(run, consumer)
	blocks := p.blocks()
	way, found, err := p.way(ctx, consumer, p.start(blocks, consumer))
	if err != nil {
		return err
	}
	if !found { // the ranges may have changed since, and with them where the consumer's way begins
		way = nil
		for _, b := range blocks {
			way = append(way, b.String())
		}
	}
	for _, place := range slices.Backward(way) {
		_, err := change(ctx, p.Claims, p.resource(place), func(r Record) (Record, error) {
			r, _, _, err := r.giveBack(c)
			return r, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// way follows a consumer's pointers from a block to its address.
func (p Pool) way(ctx context.Context, consumer, from string) (way []string, found bool, err error) {
	for place := from; place != "" && !slices.Contains(way, place); {
		r, err := load(ctx, p.Claims, p.resource(place))
		if err != nil {
			return nil, false, err
		}
		way = append(way, place)
		_, next, had, err := r.giveBack(claim{holder: consumer, epoch: ^uint64(0)})
		if err != nil {
			return nil, false, err
		}
		found, place = found || had, next
	}
	return way, found, nil
}

func (p Pool) claim(run Run, consumer string) claim {
	c := p.Times.claim(run, "")
	if consumer != c.holder {
		c.holder, c.epoch = consumer, 0
	}
	return c
}

func (p Pool) resource(block string) string { return FamilyPool.Resource(p.Name, block) }

// blocks are the /24s of the ranges, in order.
func (p Pool) blocks() []netip.Addr {
	var blocks []netip.Addr
	for _, r := range p.Ranges {
		last := lastOf(r)
		for b := blockOf(r.Masked().Addr()); b.IsValid() && b.Compare(last) <= 0; b = nextBlock(b) {
			blocks = append(blocks, b)
		}
	}
	slices.SortFunc(blocks, netip.Addr.Compare)
	return slices.Compact(blocks)
}

// start is the block in which a consumer's way begins.
func (p Pool) start(blocks []netip.Addr, consumer string) string {
	if len(blocks) == 0 {
		return blockOf(netip.IPv4Unspecified()).String()
	}
	return blocks[spread(consumer)%uint64(len(blocks))].String()
}

// after is the block that follows in the ring.
func (p Pool) after(blocks []netip.Addr, place string) string {
	i := slices.IndexFunc(blocks, func(b netip.Addr) bool { return b.String() == place })
	return blocks[(i+1)%len(blocks)].String()
}

func (p Pool) contains(a netip.Addr) bool {
	return slices.ContainsFunc(p.Ranges, func(r netip.Prefix) bool { return r.Contains(a) })
}

func blockOf(a netip.Addr) netip.Addr {
	b := a.As4()
	b[3] = 0
	return netip.AddrFrom4(b)
}

// nextBlock is the /24 after a block, invalid after the last.
func nextBlock(b netip.Addr) netip.Addr {
	octets := b.As4()
	octets[3] = 255
	return netip.AddrFrom4(octets).Next()
}

// lastOf is the last address of a range.
func lastOf(p netip.Prefix) netip.Addr {
	octets := p.Masked().Addr().As4()
	for bit := p.Bits(); bit < 32; bit++ {
		octets[bit/8] |= 1 << (7 - bit%8)
	}
	return netip.AddrFrom4(octets)
}
