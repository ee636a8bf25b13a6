package control

import (
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// Effect is one line of the world's ledger: what a call did to a named object.
type Effect = world.LedgerEntry

// Calls is how often a call of a vendor came.
type Calls = world.Calls

// Grant is how often calls needed a permission in a project, and were refused for it.
type Grant = world.Grant

// Difference is one item that is not as the scenario says.
type Difference = world.Difference

// Fault is something that goes wrong with a vendor's call, as the endpoint speaks it. ID and Hits are the world's.
type Fault struct {
	ID     int    `json:"id"`
	Vendor string `json:"vendor"`
	Call   string `json:"call"` // the vendor's own name, or "*"
	Mode   string `json:"mode"`
	Times  int    `json:"times"`            // how often in all; 0 is once, world.Always without end
	Status string `json:"status,omitempty"` // the vendor's code instead of the default
	Delay  Delay  `json:"delay,omitzero"`   // of the answer, for mode delay
	Match  string `json:"match,omitempty"`  // only calls whose resource name contains it
	Behind bool   `json:"behind,omitempty"` // only once every fault that was added before it has been met
	Hits   int    `json:"hits"`
}

// Delay is a duration that is text on the wire: "250ms".
type Delay time.Duration

// MarshalText writes the duration as Go does.
func (d Delay) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what MarshalText writes; no text is no delay.
func (d *Delay) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = 0
		return nil
	}
	read, err := time.ParseDuration(string(text))
	*d = Delay(read)
	return err
}

// Endpoints say where the world's vendors are.
type Endpoints struct {
	Speed  float64 `json:"speed"`  // vendor minutes in one of ours
	Google string  `json:"google"` // root of all Google APIs
	// Controllers are the Aviatrix controllers' roots by name.
	Controllers map[string]string `json:"controllers"`
	BGP         string            `json:"bgp"` // host:port of the speakers' fault proxy; empty when BGP is off
}

// Reset says what is put back.
type Reset struct {
	Faults bool `json:"faults"`
	World  bool `json:"world"`
}

// Site is the remote site as a BGP peer.
type Site struct {
	Address string `json:"address"`
	Port    uint16 `json:"port"`
	ASN     uint32 `json:"asn"`
}

// Speaker is a BGP speaker that presents itself. Listen is the address that its session comes from.
type Speaker struct {
	Name   string `json:"name"`
	GRPC   string `json:"grpc"` // host:port of its GoBGP API
	ASN    uint32 `json:"asn"`
	Listen string `json:"listen"`
}
