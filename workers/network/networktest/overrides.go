package networktest

import "testing"

func overrides(t *testing.T, s Subject) {
	for ip, taken := range map[string]bool{s.TakenIP: true, s.FreeIPs[0]: false, s.FreeIPs[1]: false} {
		if route, err := s.Networks.Overrides(t.Context(), s.Network, ip); err != nil || (route != "") != taken {
			t.Errorf("%s is taken by %q (%v), want taken %t", ip, route, err, taken)
		}
	}
}
