package reach

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers/observe"
)

// A golden is the second document of a file of flows; the first is the world.
type golden struct {
	SiteRoutes [][3]string `yaml:"siteRoutes"`
	Gone       [][2]string `yaml:"gone"`
	Flows      []flow      `yaml:"flows"`
}

// A flow is one packet and what a page says of it.
type flow struct {
	ID       string          `yaml:"id"`
	Says     string          `yaml:"says"`
	From     string          `yaml:"from"`
	To       string          `yaml:"to"`
	Proto    string          `yaml:"proto"`
	Port     int             `yaml:"port"`
	Name     string          `yaml:"name"`
	V6       bool            `yaml:"v6"`
	Switches map[string]bool `yaml:"switches"`
	Out      string          `yaml:"out"`
	Back     string          `yaml:"back"`
	Flips    string          `yaml:"flips"`
}

func readGolden(file string) (text []byte, g golden, err error) {
	if text, err = os.ReadFile(file); err != nil {
		return nil, g, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var scenario yaml.Node
	return text, g, errors.Join(decoder.Decode(&scenario), decoder.Decode(&g))
}

// errPlace is told for a place that the model has no question about yet.
var errPlace = errors.New("no question of the model is about it")

// question is a packet in the model's terms.
func (o observation) question(f flow) (reach.Question, error) {
	from, src, err := o.sender(o.expand(f.From), f.V6)
	if err != nil {
		return reach.Question{}, err
	}
	to, dst, name, err := o.receiver(o.expand(f.To), f.V6)
	if err != nil {
		return reach.Question{}, err
	}
	if f.Name != "" {
		name = f.Name
	}
	layer4, err := f.layer4()
	if err != nil {
		return reach.Question{}, err
	}
	// The place of a network is somebody there; a bare address is whoever the lists show, or nobody.
	q := reach.Question{From: from, To: to, Inhabited: strings.HasPrefix(f.To, "network:"),
		Flows: reach.FlowsOf(reach.Box{Src: src, Dst: dst, Layer4: layer4, Name: reach.NameOf(name)})}
	if q.Flows.Empty() {
		return q, fmt.Errorf("from %s to %s: %w", f.From, f.To, errPlace)
	}
	return q, nil
}

func (f flow) layer4() (reach.Layer4, error) {
	proto, port := f.Proto, f.Port
	if proto == "" {
		proto = "tcp"
	}
	if port == 0 && (proto == "tcp" || proto == "udp") {
		port = 443
	}
	if port == 0 {
		return reach.ParseLayer4(proto)
	}
	return reach.ParseLayer4(proto, fmt.Sprint(port))
}

// expand puts the first half of a subnetwork's IPv6 range for its name in braces.
func (o observation) expand(text string) string {
	for _, n := range o.world.Networks {
		for _, s := range n.Subnets.Items {
			for _, p := range s.Ranges.Family(false).Prefixes() {
				text = strings.ReplaceAll(text, "{"+last(s.Object)+"}::", p.Addr().String())
			}
		}
	}
	return text
}

func last(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// sender is who sends from a place, and with which addresses.
func (o observation) sender(text string, v6 bool) (reach.Place, reach.Ranges, error) {
	kind, rest, _ := strings.Cut(text, ":")
	parts := strings.Split(rest, "/")
	switch {
	case kind == "network" && len(parts) == 3:
		at := observe.NetworkRealm(parts[0], parts[1])
		src, err := reach.ParseRanges(parts[2])
		return reach.Place{Realm: at, Who: o.at(at, src)}, src, err
	case kind == "machine" && len(parts) == 2:
		return o.find(v6, func(n reach.Network, i reach.Interface) bool {
			return last(i.Who.Name) == parts[1] && strings.Contains(i.Who.Name, "projects/"+parts[0]+"/")
		})
	case kind == "service" && len(parts) == 3:
		return o.find(v6, func(n reach.Network, i reach.Interface) bool {
			return last(i.Who.Name) == parts[2] && strings.Contains(i.Who.Name, "projects/"+parts[0]+"/locations/")
		})
	case kind == "connector" && len(parts) == 3:
		return o.connector(parts)
	case kind == "subnetwork" && len(parts) == 3:
		return o.direct("projects/"+parts[0]+"/regions/"+parts[1]+"/subnetworks/"+parts[2], parts[1], v6)
	}
	return reach.Place{}, reach.Ranges{}, fmt.Errorf("from %s: %w", text, errPlace)
}

// at is who has an address of a network: whom a list shows there, a machine without tags where a whole list shows
// nobody, and anybody where the list is not whole.
func (o observation) at(realm reach.Realm, a reach.Ranges) reach.Identity {
	nobody := reach.Identity{Kind: reach.Instance, Name: a.String()}
	for _, n := range o.world.Networks {
		if n.Realm == realm && !n.Interfaces.Whole {
			nobody.Kind = reach.Unknown
		}
		for _, i := range n.Interfaces.Items {
			if n.Realm == realm && i.Addresses.Covers(a) {
				return i.Who
			}
		}
		for _, s := range n.Subnets.Items {
			if n.Realm == realm && s.Ranges.Covers(a) {
				nobody.Region = s.Region
				nobody.External6 = external6(s)
			}
		}
	}
	return nobody
}

// external6 tells whether a subnetwork has an external IPv6 range, as whose part every interface there has an external
// address, that of a service too. Page "Subnets", IPv6: internal ranges are unique local addresses. Page "Configure
// dual-stack resources" (docs.cloud.google.com/run/docs/configuring/vpc-dual-stack-subnet): subnetworks with external
// IPv6.
func external6(s reach.Subnet) bool {
	six := s.Ranges.Family(false)
	return !six.Empty() && !reach.RangesOf(netip.MustParsePrefix("fd00::/8")).Covers(six)
}

func (o observation) find(
	v6 bool, is func(reach.Network, reach.Interface) bool,
) (reach.Place, reach.Ranges, error) {
	for _, n := range o.world.Networks {
		for _, i := range slices.Concat(n.Interfaces.Items, n.Tenants.Items) {
			if is(n, i) {
				return reach.Place{Realm: n.Realm, Who: i.Who}, i.Addresses.Family(!v6), nil
			}
		}
	}
	return reach.Place{}, reach.Ranges{}, fmt.Errorf("a sender that no list shows: %w", errPlace)
}

func (o observation) connector(parts []string) (reach.Place, reach.Ranges, error) {
	name := "projects/" + parts[0] + "/locations/" + parts[1] + "/connectors/" + parts[2]
	for _, n := range o.world.Networks {
		for _, h := range n.Hidden.Items {
			if h.Object == name {
				who := reach.Identity{Kind: reach.RangeConnector, Name: name, Region: parts[1],
					Tags: []string{"vpc-connector", "vpc-connector-" + parts[1] + "-" + parts[2]}}
				return reach.Place{Realm: n.Realm, Who: who}, h.Ranges, nil
			}
		}
	}
	return reach.Place{}, reach.Ranges{}, fmt.Errorf("a connector that is in no list of ranges: %w", errPlace)
}

// direct is a service that sends from a subnetwork.
func (o observation) direct(subnet, region string, v6 bool) (reach.Place, reach.Ranges, error) {
	for _, n := range o.world.Networks {
		for _, s := range n.Subnets.Items {
			if s.Object == subnet {
				who := reach.Identity{Kind: reach.DirectEgress, Name: "service", Region: region,
					External6: external6(s)}
				return reach.Place{Realm: n.Realm, Who: who}, s.Ranges.Family(!v6), nil
			}
		}
	}
	return reach.Place{}, reach.Ranges{}, fmt.Errorf("a subnetwork that no list shows: %w", errPlace)
}

// receiver is where a packet is to arrive: a realm and addresses, or a name.
func (o observation) receiver(text string, v6 bool) (to reach.Realm, dst reach.Ranges, name string, err error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return "", reach.RangesOf(netip.PrefixFrom(a, a.BitLen())), "", nil
	}
	kind, rest, found := strings.Cut(text, ":")
	parts := strings.Split(rest, "/")
	switch {
	case !found:
		return "", reach.EveryAddress().Family(!v6), text, nil
	case kind == "network" && len(parts) == 3:
		dst, err = reach.ParseRanges(parts[2])
		return observe.NetworkRealm(parts[0], parts[1]), dst, "", err
	case kind == "internet":
		dst, err = reach.ParseRanges(rest)
		return reach.Internet, dst, "", err
	case kind == "machine":
		place, at, err := o.sender(text, v6)
		return place.Realm, at, "", err
	}
	return "", reach.Ranges{}, "", fmt.Errorf("to %s: %w", text, errPlace)
}
