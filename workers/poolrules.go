package workers

import (
	"hash/fnv"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/culvertnet/culvert/events"
)

// The rules of address pools. A block is the record of one /24. A consumer's way through a pool is a chain: in every
// block that it had to pass it leaves a pointer to the next, in the same record that says whether there was room, so
// two runs for one consumer always end in the same block, and any later run finds its address.

// pointer marks a hold that says where a consumer went on.
const pointer = "->"

// choose is what a consumer asks of a block.
type choose struct {
	claim
	// start is where in the block the search begins, so that many at once do not want the same address.
	start int
	// fits tells whether an address of the block belongs to the pool and is not taken in the world.
	fits func(netip.Addr) bool
	// next names the block to go to when there is no room; empty when this is the last.
	next string
}

// take gives the consumer's address in the block, or where to go on: next is empty for an address, and the address is
// invalid when there is neither.
func (r Record) take(block netip.Addr, c choose) (out Record, addr netip.Addr, next string, err error) {
	r = r.clone()
	r.forget(c.now)
	if value, ok := r.consumed(c.holder); ok {
		if on, isPointer := strings.CutPrefix(value, pointer); isPointer {
			return r, netip.Addr{}, on, nil
		}
		if addr, err = netip.ParseAddr(value); err != nil {
			return r, addr, "", Refuse("corrupt", "pool block holds %q: %w", value, err)
		}
		c.value = value
		_, err = r.put(c.claim)
		return r, addr, "", err
	}
	if r.outdated(c.claim) {
		return r, addr, "", fenced()
	}
	if addr = r.room(block, c); addr.IsValid() && len(r.Holds) < MaxHolds {
		c.value = addr.String()
		_, err = r.put(c.claim)
		return r, addr, "", err
	}
	if c.next == "" {
		return r, netip.Addr{}, "", nil
	}
	c.value = pointer + c.next
	_, err = r.put(c.claim)
	return r, netip.Addr{}, c.next, err
}

// consumed gives what a consumer has in the block: an address or a pointer.
func (r Record) consumed(consumer string) (string, bool) {
	h, ok := r.held(consumer)
	return h.Value, ok
}

// room finds a free address: first the consumer's own of an earlier time, then from its start on. The addresses .0 and
// .255 are left out, because they look like a network's and a broadcast's to many devices.
func (r Record) room(block netip.Addr, c choose) netip.Addr {
	used := make(map[string]bool, len(r.Holds))
	for _, h := range r.Holds {
		if h.Dropped && h.Holder == c.holder && c.epoch >= h.Epoch {
			if addr, err := netip.ParseAddr(h.Value); err == nil && c.fits(addr) && r.others(c.holder, h.Value,
				Hold.Live) == 0 {
				return addr
			}
		}
		used[h.Value] = true
	}
	base := block.As4()
	for i := range hostsOfBlock {
		base[3] = byte(1 + (c.start+i)%hostsOfBlock)
		if addr := netip.AddrFrom4(base); !used[addr.String()] && c.fits(addr) {
			return addr
		}
	}
	return netip.Addr{}
}

// hostsOfBlock is how many addresses of a /24 are given out: .1 to .254.
const hostsOfBlock = 254

// takeFixed claims one address of the block for the consumer.
func (r Record) takeFixed(c claim) (Record, error) {
	r = r.clone()
	r.forget(c.now)
	for _, h := range r.Holds {
		switch {
		case h.Value != c.value || h.Holder == c.holder:
		case h.Dropped:
			return r, heldBy(events.ReasonNotYetFree, h.Holder, h.Until.Sub(c.now))
		default:
			return r, Refuse("foreign", "address %s is held by %s", c.value, h.Holder)
		}
	}
	if has, ok := r.consumed(c.holder); ok && has != c.value {
		return r, Refuse("conflict", "%s holds %s already and cannot have %s too", c.holder, has, c.value)
	}
	_, err := r.put(c)
	return r, err
}

// leadTo leaves a pointer to a block for the consumer.
func (r Record) leadTo(c claim) (Record, error) {
	r = r.clone()
	if has, ok := r.consumed(c.holder); ok && has != c.value {
		return r, Refuse("conflict", "%s holds %s already and cannot have a fixed address too", c.holder, has)
	}
	_, err := r.put(c)
	return r, err
}

// giveBack drops all that the consumer has in the block, live or not, and tells where a pointer led.
func (r Record) giveBack(c claim) (out Record, next string, had bool, err error) {
	r = r.clone()
	for _, h := range slices.Clone(r.Holds) {
		if h.Holder != c.holder {
			continue
		}
		had = true
		if on, isPointer := strings.CutPrefix(h.Value, pointer); isPointer {
			next = on
		}
		if h.Dropped {
			continue
		}
		c.value = h.Value
		if _, err = r.drop(c); err != nil {
			return r, next, had, err
		}
	}
	return r, next, had, nil
}

// spread is a number that is the same for a consumer for ever and different for most consumers.
func spread(consumer string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(consumer))
	return h.Sum64()
}

// takeNumbers gives the holder a block of consecutive numbers in [first, last], the lowest that is free.
func (r Record) takeNumbers(c claim, size int, o Numbers, taken map[int]bool) (Record, int, error) {
	r = r.clone()
	r.forget(c.now)
	if h, ok := r.held(c.holder); ok {
		first, n, err := parseNumbers(h.Value)
		if err != nil || n != size {
			return r, 0, Refuse("conflict", "%s holds the numbers %s and asks for %d", c.holder, h.Value, size)
		}
		c.value = h.Value
		_, err = r.put(c)
		return r, first, err
	}
	if r.outdated(c) {
		return r, 0, fenced()
	}
	used := map[int]bool{}
	for _, h := range r.Holds {
		first, n, err := parseNumbers(h.Value)
		for i := range n {
			used[first+i] = used[first+i] || err == nil && h.Holder != c.holder
		}
	}
	run := 0
	for n := o.First; n <= o.Last; n++ {
		if run++; used[n] || taken[n] {
			run = 0
		}
		if run == size {
			first := n - size + 1
			c.value = strconv.Itoa(first) + "+" + strconv.Itoa(size)
			_, err := r.put(c)
			return r, first, err
		}
	}
	return r, 0, Refuse(events.ReasonFull, "%s has no %d consecutive free numbers between %d and %d", o.Resource, size,
		o.First, o.Last)
}

func parseNumbers(value string) (first, size int, err error) {
	a, b, _ := strings.Cut(value, "+")
	if first, err = strconv.Atoi(a); err != nil {
		return 0, 0, err
	}
	size, err = strconv.Atoi(b)
	return first, size, err
}
