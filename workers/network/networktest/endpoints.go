package networktest

import (
	"context"
	"errors"
	"testing"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/steptest"
)

// AddressName is the full name of an address, as endpoints refer to it.
func AddressName(ref network.Ref) string {
	if ref.Region == "" {
		return "projects/" + ref.Project + "/global/addresses/" + ref.Name
	}
	return "projects/" + ref.Project + "/regions/" + ref.Region + "/addresses/" + ref.Name
}

// endpoint reserves an address and makes an endpoint for all Google APIs on it.
func (s Subject) endpoint(t *testing.T, name, ip string) network.Endpoint {
	t.Helper()
	a := s.reserve(t, s.global("addr"+name, ip))
	e := network.Endpoint{
		Ref: network.Ref{Project: s.Project, Name: name}, Network: s.Network,
		AddressName: AddressName(a.Ref), AddressIP: a.IP, Target: "all-apis", Owner: owner,
	}
	return s.make(t, e)
}

// make creates an endpoint and waits until it can be read.
func (s Subject) make(t *testing.T, e network.Endpoint) network.Endpoint {
	t.Helper()
	s.must(t, "create "+e.Name, func(ctx context.Context) error { return s.Endpoints.Create(ctx, request(), e) })
	return s.read(t, e.Ref)
}

func (s Subject) read(t *testing.T, ref network.Ref) network.Endpoint {
	t.Helper()
	return until(t, s, "get endpoint", func(ctx context.Context) (network.Endpoint, error) {
		return s.Endpoints.Get(ctx, ref)
	}, there[network.Endpoint])
}

func (s Subject) noEndpoint(t *testing.T, ref network.Ref) {
	t.Helper()
	until(t, s, "get a deleted endpoint", func(ctx context.Context) (network.Endpoint, error) {
		return s.Endpoints.Get(ctx, ref)
	}, missing[network.Endpoint])
}

func endpointMissing(t *testing.T, s Subject) {
	for _, ref := range []network.Ref{
		{Project: s.Project, Name: "pscnobody"}, {Project: s.Project, Region: s.Region, Name: "pscnobody"},
	} {
		if _, err := s.Endpoints.Get(t.Context(), ref); !errors.Is(err, workers.ErrNotFound) {
			t.Errorf("get missing endpoint: %v, want ErrNotFound", err)
		}
		s.must(t, "delete an endpoint that is not there", func(ctx context.Context) error {
			return s.Endpoints.Delete(ctx, request(), ref)
		})
	}
}

func endpointBundle(t *testing.T, s Subject) {
	got := s.endpoint(t, "pscbundle", s.FreeIPs[0])
	want := network.Endpoint{
		Ref: network.Ref{Project: s.Project, Name: "pscbundle"}, Network: s.Network, AddressIP: s.FreeIPs[0],
		Target: "all-apis", Owner: owner,
	}
	if got.Connection != "" && got.Connection != "ACCEPTED" {
		t.Errorf("connection is %q, want ACCEPTED or none", got.Connection)
	}
	// A vendor may tell the address as a number only, and a bundle's connection at any time.
	got.AddressName, got.Connection = "", ""
	steptest.Equal(t, "endpoint read back", got, want)

	s.harmless(t, "create again", func(ctx context.Context) error {
		return s.Endpoints.Create(ctx, request(), network.Endpoint{
			Ref: want.Ref, Network: s.Network, AddressName: AddressName(
				network.Ref{Project: s.Project, Name: "addrpscbundle"},
			),
			AddressIP: s.FreeIPs[0], Target: "all-apis", Owner: owner + "0",
		})
	})
	steptest.Equal(t, "owner after a repeat", s.read(t, want.Ref).Owner, owner)

	for _, what := range []string{"delete", "delete again"} {
		s.must(t, what, func(ctx context.Context) error { return s.Endpoints.Delete(ctx, request(), want.Ref) })
		s.noEndpoint(t, want.Ref)
	}
	a := s.address(t, network.Ref{Project: s.Project, Name: "addrpscbundle"})
	steptest.Equal(t, "users of the address of a deleted endpoint", len(a.InUseBy), 0)
}

func endpointCounted(t *testing.T, s Subject) {
	before, err := s.Networks.Describe(t.Context(), s.Network)
	if err != nil {
		t.Fatalf("describe network: %v", err)
	}
	s.endpoint(t, "psccounted", s.FreeIPs[0])
	after := until(t, s, "describe network", func(ctx context.Context) (network.Network, error) {
		return s.Networks.Describe(ctx, s.Network)
	}, there[network.Network])
	steptest.Equal(t, "bundle endpoints", after.BundleEndpoints, before.BundleEndpoints+1)
	if after.BundleQuota != 0 && after.BundleQuota < after.BundleEndpoints {
		t.Errorf("the quota %d is below the %d endpoints that there are", after.BundleQuota, after.BundleEndpoints)
	}
}

// attach makes an endpoint of a service attachment.
func (s Subject) attach(t *testing.T, name, attachment string) network.Endpoint {
	t.Helper()
	a := s.reserve(t, s.regional("addr"+name, ""))
	return s.make(t, network.Endpoint{
		Ref: network.Ref{Project: s.Project, Region: s.Region, Name: name}, Network: s.Network, Subnet: s.Subnet,
		AddressName: AddressName(a.Ref), AddressIP: a.IP, Target: attachment, Owner: owner,
	})
}

func endpointAttachment(t *testing.T, s Subject) {
	e := s.attach(t, "psc-attached", s.Attachment)
	e = until(t, s, "accepted", func(ctx context.Context) (network.Endpoint, error) {
		return s.Endpoints.Get(ctx, e.Ref)
	}, func(e network.Endpoint, err error) bool { return err == nil && e.Connection == "ACCEPTED" })
	steptest.Equal(t, "target", e.Target, s.Attachment)
	steptest.Equal(t, "owner", e.Owner, owner)
	steptest.Equal(t, "address", e.AddressIP,
		s.address(t, network.Ref{Project: s.Project, Region: s.Region, Name: "addrpsc-attached"}).IP)
	s.must(t, "delete", func(ctx context.Context) error { return s.Endpoints.Delete(ctx, request(), e.Ref) })
	s.noEndpoint(t, e.Ref)
}

func endpointRejected(t *testing.T, s Subject) {
	e := s.attach(t, "psc-rejected", s.Refusing)
	until(t, s, "rejected", func(ctx context.Context) (network.Endpoint, error) {
		return s.Endpoints.Get(ctx, e.Ref)
	}, func(e network.Endpoint, err error) bool { return err == nil && e.Connection == "REJECTED" })
}
