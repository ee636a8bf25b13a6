package reach

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/culvertnet/culvert/events/reach"
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
	if a, err := netip.ParseAddr(o.expand(f.To)); err == nil {
		f.V6 = a.Is6()
	}
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
