package networktest

import (
	"context"
	"errors"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/steptest"
)

func (s Subject) zone(name, host, ip string) network.Zone {
	return network.Zone{
		Project: s.Project, Name: name, Host: host, Networks: []string{s.Network}, Owner: owner, IP: ip, TTL: 60,
	}
}

// put puts a zone as a step does: a Put that waited for the vendor is made again.
func (s Subject) put(t *testing.T, z network.Zone) {
	t.Helper()
	for range 2 {
		s.must(t, "put "+z.Name, func(ctx context.Context) error { return s.Names.Put(ctx, request(), z) })
	}
}

func (s Subject) readZone(t *testing.T, name string) network.Zone {
	t.Helper()
	return until(t, s, "get zone", func(ctx context.Context) (network.Zone, error) {
		return s.Names.Get(ctx, s.Project, name)
	}, there[network.Zone])
}

func zoneMissing(t *testing.T, s Subject) {
	if _, err := s.Names.Get(t.Context(), s.Project, "zonenobody"); !errors.Is(err, workers.ErrNotFound) {
		t.Errorf("get missing zone: %v, want ErrNotFound", err)
	}
	s.must(t, "delete a zone that is not there", func(ctx context.Context) error {
		return s.Names.Delete(ctx, request(), s.Project, "zonenobody")
	})
	s.must(t, "clear a record of a zone that is not there", func(ctx context.Context) error {
		return s.Names.ClearRecord(ctx, request(), s.zone("zonenobody", s.Host, s.FreeIPs[0]))
	})
}

func zonePut(t *testing.T, s Subject) {
	z := s.zone("zoneone", s.Host, s.FreeIPs[0])
	for range 2 {
		s.put(t, z)
		steptest.Equal(t, "zone read back", s.readZone(t, z.Name), z)
	}
	z.IP, z.TTL = s.FreeIPs[1], 30
	s.put(t, z)
	steptest.Equal(t, "zone after a change", s.readZone(t, z.Name), z)
}

func zonesAnswering(t *testing.T, s Subject) {
	s.noZone(t, s.Host)
	z := s.zone("zoneone", s.Host, s.FreeIPs[0])
	s.put(t, z)
	s.put(t, s.zone("zonetwo", s.OtherHost, s.FreeIPs[0]))

	zones := s.answering(t, s.Host)
	if len(zones) == 0 || zones[0].Name != z.Name || zones[0].Host != s.Host || zones[0].Owner != owner {
		t.Errorf("zones %+v, want %s first", zones, z.Name)
	}
	for _, z := range zones {
		if z.Name == "zonetwo" {
			t.Errorf("the zone of %s is said to answer %s", s.OtherHost, s.Host)
		}
	}
	below := s.answering(t, "deep."+s.Host)
	if len(below) == 0 || below[0].Name != z.Name {
		t.Errorf("zones %+v answer a name below %s, want %s first", below, s.Host, z.Name)
	}
}

func (s Subject) answering(t *testing.T, host string) []network.Zone {
	t.Helper()
	zones, err := s.Names.Answering(t.Context(), s.Project, s.Network, host)
	if err != nil {
		t.Fatalf("answering: %v", err)
	}
	return zones
}

func (s Subject) noZone(t *testing.T, host string) {
	t.Helper()
	for _, z := range s.answering(t, host) {
		if z.Host == host || z.Policy {
			t.Fatalf("%s is answered before anything was put: %+v", host, z)
		}
	}
}

func zoneDelete(t *testing.T, s Subject) {
	z := s.zone("zoneone", s.Host, s.FreeIPs[0])
	s.put(t, z)

	wrong := z
	wrong.IP = s.FreeIPs[1]
	s.harmless(t, "clear a record that is another", func(ctx context.Context) error {
		return s.Names.ClearRecord(ctx, request(), wrong)
	})
	steptest.Equal(t, "zone after clearing another record", s.readZone(t, z.Name), z)

	err := s.change(t, func(ctx context.Context) error { return s.Names.Delete(ctx, request(), s.Project, z.Name) })
	if c := steptest.ClassOf(err); c != events.Refuse && c != events.Retry {
		t.Errorf("delete a zone with a record: %v, want a Refuse or a Retry", err)
	}
	steptest.Equal(t, "zone after a refused delete", s.readZone(t, z.Name), z)

	for _, what := range []string{"clear", "clear again"} {
		s.must(t, what, func(ctx context.Context) error { return s.Names.ClearRecord(ctx, request(), z) })
		cleared := s.readZone(t, z.Name)
		steptest.Equal(t, "address after clearing", cleared.IP, "")
		steptest.Equal(t, "networks that see it after clearing", len(cleared.Networks), 0)
	}
	for _, what := range []string{"delete", "delete again"} {
		s.must(t, what, func(ctx context.Context) error { return s.Names.Delete(ctx, request(), s.Project, z.Name) })
		until(t, s, "get a deleted zone", func(ctx context.Context) (network.Zone, error) {
			return s.Names.Get(ctx, s.Project, z.Name)
		}, missing[network.Zone])
	}
	s.noZone(t, s.Host)
}
