package reach

import "testing"

// TestWordsForPeople: protocols by name, exceptions instead of long lists, few ranges.
func TestWordsForPeople(t *testing.T) {
	from, to := ranges(t, "10.0.0.2"), ranges(t, "10.9.0.0/24")
	box := func(l Layer4, dst Ranges, name Name) Flows { return FlowsOf(Box{from, dst, l, name}) }
	web, dns := Protocol(TCP, Port(443)), Protocol(UDP, Port(53))
	many := ranges(t, "10.1.0.0/24", "10.3.0.0/24", "10.5.0.1", "10.7.0.1-10.7.0.6", "10.9.0.0/24", "10.11.0.0/24")
	everything := box(EveryProtocol(), to, NoName)
	for _, c := range []struct {
		of   Flows
		want string
	}{
		{everything, "everything to 10.9.0.0/24"},
		{box(web, to, NoName).Union(box(dns, to, NoName)), "tcp 443 and udp 53 to 10.9.0.0/24"},
		{everything.Subtract(box(web, to, NoName)).Subtract(box(dns, to, NoName)),
			"everything but tcp 443 and udp 53 to 10.9.0.0/24"},
		{box(Layer4{everyBut(TCP), EveryPort()}, to, NoName).Union(box(Protocol(TCP, Port(8080)), to, NoName)),
			"everything but tcp other than 8080 to 10.9.0.0/24"},
		{box(Layer4{Spans{{1, 1}, {47, 50}}, EveryPort()}, to, NoName),
			"icmp and protocols 47-50 to 10.9.0.0/24"},
		{box(web, to, "a.example").Union(box(web, EveryAddress().Family(true), NoName)),
			"tcp 443 to a.example; tcp 443 to every IPv4 address"},
		{box(web, many, NoName), "tcp 443 to 10.1.0.0/24, 10.3.0.0/24, 10.5.0.1, 10.7.0.1-10.7.0.6, 2 more ranges"},
	} {
		if got := c.of.words(false); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	if got := box(web, to, NoName).words(true); got != "tcp 443 from 10.0.0.2 to 10.9.0.0/24" {
		t.Errorf("with its source: %q", got)
	}
	var long Flows
	for _, at := range []string{"10.1.0.1", "10.2.0.1", "10.3.0.1", "10.4.0.1", "10.5.0.1", "10.6.0.1"} {
		port := Port(uint16(len(long.boxes) + 1))
		long = long.Union(box(Protocol(TCP, port), ranges(t, at), NoName))
	}
	if got := long.words(false); got != "tcp 1 to 10.1.0.1; tcp 2 to 10.2.0.1; tcp 3 to 10.3.0.1; tcp 4 to 10.4.0.1; "+
		"and 2 more" {
		t.Errorf("many groups: %q", got)
	}
}

func everyBut(protocol uint16) Spans { return EveryProtocol().Protocols.Subtract(One(protocol)) }
