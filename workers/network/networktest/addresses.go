package networktest

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/steptest"
)

// global is an address for an endpoint to Google APIs.
func (s Subject) global(name, ip string) network.Address {
	return network.Address{Ref: network.Ref{Project: s.Project, Name: name}, IP: ip, Network: s.Network, Owner: owner}
}

// regional is an address inside the subject's subnet.
func (s Subject) regional(name, ip string) network.Address {
	return network.Address{
		Ref: network.Ref{Project: s.Project, Region: s.Region, Name: name}, IP: ip, Subnet: s.Subnet, Owner: owner,
	}
}

func (s Subject) reserve(t *testing.T, a network.Address) network.Address {
	t.Helper()
	s.must(t, "reserve "+a.Name, func(ctx context.Context) error { return s.Addresses.Reserve(ctx, request(), a) })
	return s.address(t, a.Ref)
}

func (s Subject) address(t *testing.T, ref network.Ref) network.Address {
	t.Helper()
	return until(t, s, "get address", func(ctx context.Context) (network.Address, error) {
		return s.Addresses.Get(ctx, ref)
	}, there[network.Address])
}

func (s Subject) noAddress(t *testing.T, ref network.Ref) {
	t.Helper()
	until(t, s, "get a released address", func(ctx context.Context) (network.Address, error) {
		return s.Addresses.Get(ctx, ref)
	}, missing[network.Address])
}

func addressMissing(t *testing.T, s Subject) {
	for _, a := range []network.Address{s.global("addrnobody", ""), s.regional("addrnobody", "")} {
		if _, err := s.Addresses.Get(t.Context(), a.Ref); !errors.Is(err, workers.ErrNotFound) {
			t.Errorf("get missing address: %v, want ErrNotFound", err)
		}
		s.must(t, "release an address that is not there", func(ctx context.Context) error {
			return s.Addresses.Release(ctx, request(), a.Ref)
		})
	}
}

func addressReserve(t *testing.T, s Subject) {
	want := s.global("addrone", s.FreeIPs[0])
	got := s.reserve(t, want)
	steptest.Equal(t, "address read back", got, want)

	other := want
	other.IP, other.Owner = s.FreeIPs[1], owner+"0"
	s.harmless(t, "reserve another under the same name", func(ctx context.Context) error {
		return s.Addresses.Reserve(ctx, request(), other)
	})
	steptest.Equal(t, "address after a repeat", s.address(t, want.Ref), want)

	for _, what := range []string{"release", "release again"} {
		s.must(t, what, func(ctx context.Context) error { return s.Addresses.Release(ctx, request(), want.Ref) })
		s.noAddress(t, want.Ref)
	}
	s.reserve(t, want) // the name and the address are free again
}

func addressTaken(t *testing.T, s Subject) {
	a := s.global("addrtaken", s.TakenIP)
	err := s.change(t, func(ctx context.Context) error { return s.Addresses.Reserve(ctx, request(), a) })
	if steptest.ClassOf(err) != events.Refuse {
		t.Errorf("reserve an address inside a subnet: %v, want a Refuse", err)
	}
	s.noAddress(t, a.Ref)
}

func addressChosen(t *testing.T, s Subject) {
	sub, err := s.Networks.Subnet(t.Context(), s.Subnet)
	if err != nil {
		t.Fatalf("subnet: %v", err)
	}
	got := s.reserve(t, s.regional("addrchosen", ""))
	ip, err := netip.ParseAddr(got.IP)
	if err != nil || !netip.MustParsePrefix(sub.CIDR).Contains(ip) {
		t.Errorf("address %q is not inside %s", got.IP, sub.CIDR)
	}
	steptest.Equal(t, "subnet", got.Subnet, s.Subnet)
	steptest.Equal(t, "owner", got.Owner, owner)
	fixed := s.reserve(t, s.regional("addrfixed", s.TakenIP))
	steptest.Equal(t, "wanted address", fixed.IP, s.TakenIP)
}

func addressInUse(t *testing.T, s Subject) {
	e := s.endpoint(t, "psconsumer", s.FreeIPs[0])
	a := s.address(t, network.Ref{Project: s.Project, Name: "addr" + e.Name})
	if len(a.InUseBy) != 1 || !strings.HasSuffix(a.InUseBy[0], "/"+e.Name) {
		t.Errorf("address is in use by %q, want the endpoint %s", a.InUseBy, e.Name)
	}
	err := s.change(t, func(ctx context.Context) error { return s.Addresses.Release(ctx, request(), a.Ref) })
	if c := steptest.ClassOf(err); c != events.Retry && c != events.Refuse {
		t.Errorf("release an address in use: %v, want a Retry or a Refuse", err)
	}
	steptest.Equal(t, "address after a refused release", s.address(t, a.Ref), a)
}

func cancelled(t *testing.T, s Subject) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a := s.global("addrcut", s.FreeIPs[0])
	if err := s.Addresses.Reserve(ctx, request(), a); err == nil {
		t.Error("reserve under a cancelled context succeeded")
	}
	if _, err := s.Addresses.Get(ctx, a.Ref); err == nil || errors.Is(err, workers.ErrNotFound) {
		t.Errorf("get under a cancelled context: %v, want an error that is not ErrNotFound", err)
	}
	if _, err := s.Addresses.Get(t.Context(), a.Ref); !errors.Is(err, workers.ErrNotFound) {
		t.Errorf("get after a cancelled reserve: %v, want ErrNotFound", err)
	}
}
