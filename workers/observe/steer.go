package observe

import (
	"fmt"
	"strings"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers"
)

// A Steer claims that what a sender sends to the internet goes by the machine of a gateway, because a filter there
// binds nothing else.
type Steer struct {
	From reach.Sender `json:"from"`
	// Gateway is its name, Address that of its machine.
	Gateway string `json:"gateway"`
	Address string `json:"address"`
}

// ask judges the way that the routes show by now.
func (s *Steer) ask(w reach.World) ([]complaint, error) {
	if s == nil {
		return nil, nil
	}
	machine, err := reach.ParseRanges(s.Address)
	if err != nil {
		return nil, workers.Refuse("invalid", "address of gateway %s: %w", s.Gateway, err)
	}
	routes := w.Defaults(s.From)
	var led []string
	for _, r := range routes {
		if !w.At(s.From.Realm, r.Next.Name).Overlaps(machine) {
			led = append(led, r.Object)
		}
	}
	if len(routes) > 0 && len(led) == 0 {
		return nil, nil
	}
	if len(routes) == 0 {
		led = []string{"no route"}
	}
	text := fmt.Sprintf("packets to the internet do not go to gateway %s (%s) but by %s: its filter would bind nothing",
		s.Gateway, s.Address, strings.Join(led, ", "))
	return []complaint{{reason: "void", text: text}}, nil
}
