package reach

import "fmt"

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
