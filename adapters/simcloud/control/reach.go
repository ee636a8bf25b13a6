package control

import (
	"context"
	"net/url"
	"strconv"
)

// Packet is one packet that the world is asked about. To is a place, an address or a name.
type Packet struct {
	From, To, Proto string
	Port            int    // 0 for protocols without ports
	Name            string // what the client says in TLS or in its Host header; empty: To, if that is a name
	V6              bool   // the IPv6 address, where From or To has both
}

// Reach is what the world does with a packet and with its answer.
type Reach struct {
	Passes bool `json:"passes"` // both ways
	Out    Way  `json:"out"`
	Back   *Way `json:"back,omitempty"` // nil when the packet did not arrive
}

// Way is one direction, hop by hop.
type Way struct {
	Passes bool   `json:"passes"`
	Src    string `json:"src"`
	Dst    string `json:"dst"`
	End    string `json:"end"`
	Hops   []Hop  `json:"hops"`
}

// Hop is one decision: the rule, the vendor's object, the page that says so, or the switch where no page does.
type Hop struct {
	At     string `json:"at"`
	Rule   string `json:"rule"`
	By     string `json:"by,omitempty"`
	Says   string `json:"says"`
	Page   string `json:"page,omitempty"`
	Switch string `json:"switch,omitempty"`
	Set    string `json:"set,omitempty"` // the switch's position: on or off
	Drop   bool   `json:"drop,omitempty"`
}

// Switch is a question that no document of a vendor answers, and how this world answers it.
type Switch struct {
	Name    string `json:"name"`
	On      bool   `json:"on"`
	Default bool   `json:"default"`
	Why     string `json:"why"`
}

// SwitchTo sets one switch.
type SwitchTo struct {
	Name string `json:"name"`
	On   bool   `json:"on"`
}

// Reach asks what happens to a packet.
func (c Client) Reach(ctx context.Context, p Packet) (r Reach, err error) {
	q := url.Values{"from": {p.From}, "to": {p.To}, "proto": {p.Proto}, "port": {strconv.Itoa(p.Port)}}
	if p.Name != "" {
		q.Set("name", p.Name)
	}
	if p.V6 {
		q.Set("v6", "true")
	}
	return r, c.Get(ctx, "reach?"+q.Encode(), &r)
}

// Switches lists what no document decides.
func (c Client) Switches(ctx context.Context) (list []Switch, err error) {
	return list, c.Get(ctx, "switches", &list)
}

// SetSwitch decides one of them.
func (c Client) SetSwitch(ctx context.Context, to SwitchTo) error { return c.post(ctx, "switches", to) }
