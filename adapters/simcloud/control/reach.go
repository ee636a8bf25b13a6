package control

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// Packet is one packet that the world is asked about. To is a place, an address or a name.
type Packet struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Proto string `json:"proto"`
	Port  int    `json:"port,omitempty"` // 0 for protocols without ports
	// Name is what the client says in TLS or in its Host header; empty: To, if that is a name.
	Name string `json:"name,omitempty"`
	V6   bool   `json:"v6,omitempty"` // the IPv6 address, where From or To has both
}

// Packets are many questions about the world of one moment. Switches are positions for these questions only.
type Packets struct {
	Packets  []Packet        `json:"packets"`
	Switches map[string]bool `json:"switches,omitempty"`
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

// ReachAll asks what happens to many packets; the answers are in the order of the questions. One that cannot be
// understood refuses them all.
func (c Client) ReachAll(ctx context.Context, p Packets) (all []Reach, err error) {
	payload, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encode packets for the simulated world: %w", err)
	}
	answer, err := c.call(ctx, http.MethodPost, "reach", payload)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(answer, &all); err != nil {
		return nil, fmt.Errorf("read answers of the simulated world: %w", err)
	}
	return all, nil
}

// Switches lists what no document decides.
func (c Client) Switches(ctx context.Context) (list []Switch, err error) {
	return list, c.Get(ctx, "switches", &list)
}

// SetSwitch decides one of them.
func (c Client) SetSwitch(ctx context.Context, to SwitchTo) error { return c.post(ctx, "switches", to) }
