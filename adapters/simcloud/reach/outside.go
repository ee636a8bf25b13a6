package reach

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// Scenario is what stands outside of every simulated vendor: the key `outside:` of a world file.
type Scenario struct {
	Hosts    []Host          `yaml:"hosts"`
	Names    []PublicName    `yaml:"names"`
	Switches map[string]bool `yaml:"switches"` // that are not at their default
}

// Host is a machine that no simulated vendor owns: behind a gateway in another cloud, or at a site.
type Host struct {
	Name    string `yaml:"name"`
	Address string `yaml:"address"`
	Behind  string `yaml:"behind"` // CONTROLLER/GATEWAY
	Site    string `yaml:"site"`
	// Forwards says where the host passes packets on that it gets as a next hop: router:PROJECT/REGION/ROUTER or
	// connection:CONTROLLER/GATEWAY/NAME.
	Forwards string `yaml:"forwards"`
}

// PublicName is a name of the public name system.
type PublicName struct {
	Name      string   `yaml:"name"`
	Addresses []string `yaml:"addresses"`
}

// Load puts a scenario into the world. Call it before World.Baseline.
func Load(w *world.World, s Scenario) error {
	w.Register(Vendor, func(string, string, world.Doc) []world.Item { return nil }) // nobody calls for them
	return w.Do(func(tx *world.Tx) error {
		for _, h := range s.Hosts {
			if _, err := netip.ParseAddr(h.Address); err != nil || h.Name == "" || (h.Behind == "") == (h.Site == "") {
				return fmt.Errorf("load host %q: want a name, an address, and one of behind and site", h.Name)
			}
			tx.QuietPut(Vendor, hostKind, h.Name, world.Doc{"name": h.Name, "address": h.Address, "behind": h.Behind,
				"site": h.Site, "forwards": h.Forwards})
		}
		for _, n := range s.Names {
			tx.QuietPut(Vendor, nameKind, strings.TrimSuffix(strings.ToLower(n.Name), "."),
				world.Doc{"addresses": n.Addresses})
		}
		for name, on := range s.Switches {
			if err := CheckSwitch(name); err != nil {
				return fmt.Errorf("load switches: %w", err)
			}
			Set(tx, name, on)
		}
		return nil
	})
}

// Set decides a switch. The name must have been checked.
func Set(tx *world.Tx, name string, on bool) {
	tx.QuietPut(Vendor, switchKind, name, world.Doc{"on": on})
}
