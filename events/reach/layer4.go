package reach

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Numbers of protocols as IANA assigns them, those that filters name.
const (
	ICMP   = 1
	TCP    = 6
	UDP    = 17
	GRE    = 47
	ESP    = 50
	AH     = 51
	ICMPv6 = 58
	SCTP   = 132
)

// Layer4 is what a filter says about protocol and destination port: protocols × ports. A protocol without ports counts
// as having all of them.
type Layer4 struct{ Protocols, Ports Spans }

// EveryProtocol is all protocols with all ports.
func EveryProtocol() Layer4 { return Layer4{Spans{{0, 255}}, EveryPort()} }

// EveryPort is all ports.
func EveryPort() Spans { return Spans{{0, highest}} }

// withPorts are the protocols whose header has ports.
func withPorts() Spans { return SpansOf(Span{TCP, TCP}, Span{UDP, UDP}, Span{SCTP, SCTP}) }

// Protocol is one protocol with the given ports, all when none are given.
func Protocol(number uint16, ports ...Span) Layer4 {
	if len(ports) == 0 {
		return Layer4{One(number), EveryPort()}
	}
	return Layer4{One(number), SpansOf(ports...)}
}

// Port is the span of a single port.
func Port(n uint16) Span { return Span{n, n} }

// sound is the protocol and ports without what no packet can be: a choice of ports leaves out protocols without ports.
func (l Layer4) sound() Layer4 {
	if !l.Ports.Equal(EveryPort()) {
		l.Protocols = l.Protocols.Intersect(withPorts())
	}
	return l
}

// String is the canonical spelling: "6:443", "0-255" with all ports.
func (l Layer4) String() string {
	if l.Ports.Equal(EveryPort()) {
		return l.Protocols.String()
	}
	return fmt.Sprintf("%s:%s", l.Protocols, l.Ports)
}

// ParseLayer4 reads a protocol ("tcp", "icmp", "all", or a number) and its ports ("443", "8000-8010"), all when there
// are none.
func ParseLayer4(protocol string, ports ...string) (Layer4, error) {
	l := Layer4{Ports: EveryPort()}
	name := strings.ToLower(protocol)
	number := slices.Index(protocolNames[:], name)
	switch parsed, err := strconv.ParseUint(name, 10, 8); {
	case name == "all" || name == "any":
		l.Protocols = EveryProtocol().Protocols
	case name != "" && number >= 0:
		l.Protocols = One(uint16(number))
	case err == nil:
		l.Protocols = One(uint16(parsed))
	default:
		return Layer4{}, fmt.Errorf("invalid protocol %q: want tcp, udp, icmp, another name of IANA's, or a number",
			protocol)
	}
	var spans []Span
	for _, text := range ports {
		lo, hi, both := strings.Cut(text, "-")
		if !both {
			hi = lo
		}
		from, err := strconv.ParseUint(lo, 10, 16)
		to, err2 := strconv.ParseUint(hi, 10, 16)
		if err != nil || err2 != nil || from > to {
			return Layer4{}, fmt.Errorf("invalid port %q: want a number or a range such as 8000-8010", text)
		}
		spans = append(spans, Span{uint16(from), uint16(to)})
	}
	if len(spans) > 0 {
		l.Ports = SpansOf(spans...)
	}
	return l, nil
}
