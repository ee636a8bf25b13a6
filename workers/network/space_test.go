package network

import (
	"net/netip"
	"strings"
	"testing"
)

func testSpace(t *testing.T) space {
	t.Helper()
	s, err := newSpace(Network{
		AutoMode: true,
		Subnets: []Range{{
			CIDR: "10.10.0.0/24", From: "workloads",
		}, {CIDR: "10.30.0.0/16", From: "peering shared-services"}, {CIDR: "fd00::/64", From: "six"}},
		Routes: []Range{{CIDR: "0.0.0.0/0", From: "default"}, {CIDR: "10.64.0.7/32", From: "host"},
			{CIDR: "10.0.0.0/8", From: "on-premises"}},
		Allocated: []Range{{CIDR: "10.60.0.0/16", From: "services"}},
	}, []string{"10.64.0.0/20"}, []string{"10.64.0.0/20", "10.64.1.0/24", "10.64.2.9/32"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAddressTaken(t *testing.T) {
	s := testSpace(t)
	for _, c := range []struct{ ip, by, why string }{
		{"10.64.0.5", "",
			"free: the default route, the summary and the pool's own aggregate lead to it and do not take it"},
		{"10.10.0.5", "workloads", "it is in a subnet"},
		{"10.30.200.5", "peering", "it is in a peered subnet"},
		{"10.64.0.7", "host", "it is a static host route"},
		{"10.64.1.3", "10.64.1.0/24", "somebody announces a part of the pool"},
		{"10.64.2.9", "10.64.2.9/32", "somebody announces it"},
		{"10.60.3.4", "allocated", "it is in a range allocated for services"},
		{"10.130.0.1", "auto mode", "auto mode networks make their subnets there"},
		{"10.7.0.1", "on-premises", "outside the pool every route but the default one counts"},
		{"172.20.0.1", "", "free: only the default route has it"},
	} {
		got := s.taken(netip.MustParseAddr(c.ip))
		if (got == "") != (c.by == "") || !strings.Contains(got, c.by) {
			t.Errorf("taken(%s) = %q, want %q: %s", c.ip, got, c.by, c.why)
		}
	}
}

func TestConnectorRangeConflict(t *testing.T) {
	s := testSpace(t)
	for _, c := range []struct{ cidr, by, why string }{
		{"10.8.0.0/28", "", "free: a wider static route is no conflict"},
		{"10.10.0.16/28", "workloads", "it is inside a subnet"},
		{"10.64.0.0/28", "host", "a static route is inside it"},
		{"10.60.0.0/28", "allocated", "it is inside an allocated range"},
		{"10.128.0.0/28", "auto mode", "auto mode networks make their subnets there"},
	} {
		got := s.conflict(netip.MustParsePrefix(c.cidr))
		if (got == "") != (c.by == "") || !strings.Contains(got, c.by) {
			t.Errorf("conflict(%s) = %q, want %q: %s", c.cidr, got, c.by, c.why)
		}
	}
}

func TestPoolRoom(t *testing.T) {
	n := Network{Subnets: []Range{{CIDR: "10.200.0.0/16", From: "wide"}}}
	for _, c := range []struct {
		ranges []string
		want   bool
	}{
		{nil, true},
		{[]string{"10.200.4.0/24"}, false},
		{[]string{"10.200.4.0/24", "10.201.0.0/24"}, true},
		{[]string{"10.192.0.0/12"}, true},
	} {
		s, err := newSpace(n, c.ranges, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.room(); got != c.want {
			t.Errorf("room in %v = %t, want %t", c.ranges, got, c.want)
		}
	}
}

func TestSpaceRefusesWhatItCannotRead(t *testing.T) {
	for _, c := range []struct {
		n             Network
		ranges, known []string
	}{
		{Network{Subnets: []Range{{CIDR: "nonsense"}}}, nil, nil},
		{Network{}, []string{"10.0.0.0"}, nil},
		{Network{}, nil, []string{"10.0.0.1"}},
	} {
		if _, err := newSpace(c.n, c.ranges, c.known); err == nil {
			t.Errorf("newSpace(%v, %v, %v) took text that is no prefix", c.n, c.ranges, c.known)
		}
	}
}

func TestUsableInSubnet(t *testing.T) {
	p := netip.MustParsePrefix("10.11.0.0/24")
	for ip, want := range map[string]bool{
		"10.11.0.0": false, "10.11.0.1": false, "10.11.0.2": true, "10.11.0.253": true, "10.11.0.254": false,
		"10.11.0.255": false, "10.11.1.2": false,
	} {
		if got := usable(p, netip.MustParseAddr(ip)); got != want {
			t.Errorf("usable(%s) = %t, want %t", ip, got, want)
		}
	}
}

func TestHidesOthers(t *testing.T) {
	for host, want := range map[string]bool{
		"run.app": true, "a.run.app": true, "europe-west3.run.app": true, "us-central1.run.app": true,
		"cloudfunctions.net": true, "googleapis.com": true,
		"orders-abc-ey.a.run.app": false, "orders-123456789.europe-west3.run.app": false,
		"europe-west3-acme-prod.cloudfunctions.net": false, "orders.example": false, "xrun.app": false,
	} {
		if got := hidesOthers(host); got != want {
			t.Errorf("hidesOthers(%s) = %t, want %t", host, got, want)
		}
	}
}
