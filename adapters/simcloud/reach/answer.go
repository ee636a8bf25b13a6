package reach

import (
	"fmt"
	"net/netip"
)

// Question is one packet of a new connection, and the answer to it. To is a Place, an address or a name.
type Question struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Proto string `json:"proto"` // tcp, udp, icmp, esp, ah, sctp or gre
	Port  int    `json:"port"`  // of the destination; 0 for protocols without ports
	// Name is what the client says in TLS or in its Host header; empty: the name of To, if that is one.
	Name string `json:"name,omitempty"`
	// V6 asks for the IPv6 address where a place or a name has both.
	V6 bool `json:"v6,omitempty"`
}

// Answer is what happens to the packet of a Question.
type Answer struct {
	Passes bool `json:"passes"` // both ways
	Out    Way  `json:"out"`
	Back   *Way `json:"back,omitempty"` // of the answer; nil when the packet did not arrive
}

// Way is the way of one packet.
type Way struct {
	Passes bool   `json:"passes"`
	Src    string `json:"src"` // as it left
	Dst    string `json:"dst"`
	End    string `json:"end"` // where it arrived, or where it was dropped
	Hops   []Hop  `json:"hops"`
}

// Hop is one decision about a packet.
type Hop struct {
	At     string `json:"at"`               // the place or object that decided
	Rule   string `json:"rule"`             // id of the Rule
	By     string `json:"by,omitempty"`     // the vendor's object that the rule was applied to
	Says   string `json:"says"`             // what the rule says
	Page   string `json:"page,omitempty"`   // the vendor's page; empty when a switch decided
	Switch string `json:"switch,omitempty"` // the switch that decided
	Set    string `json:"set,omitempty"`    // its position: on or off
	Drop   bool   `json:"drop,omitempty"`
}

// Decided is the last hop, the one that decided the way.
func (w Way) Decided() Hop {
	if len(w.Hops) == 0 {
		return Hop{}
	}
	return w.Hops[len(w.Hops)-1]
}

// packet is what travels.
type packet struct {
	src, dst netip.Addr
	name     string // as the client says it, lower case, without a dot at the end
	proto    string
	port     int
	answer   bool // of a connection that passed on its way out
}

func (p packet) String() string {
	if p.port > 0 {
		return fmt.Sprintf("%s to %s %s %d", p.src, p.dst, p.proto, p.port)
	}
	return fmt.Sprintf("%s to %s %s", p.src, p.dst, p.proto)
}

// turned is the answer to a packet.
func (p packet) turned() packet {
	p.src, p.dst, p.answer = p.dst, p.src, true
	return p
}

// withPorts tells the protocols that have ports.
func withPorts(proto string) bool { return proto == "tcp" || proto == "udp" || proto == "sctp" }
