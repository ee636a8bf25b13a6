package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// resolution is what a name means somewhere, and what decided it.
type resolution struct {
	addrs []netip.Addr
	hops  []Hop
}

func (r *resolution) say(at string, rule Rule, by string) {
	r.hops = append(r.hops, Hop{At: at, Rule: rule.ID, By: by, Says: rule.Says, Page: rule.Page})
}

func (r *resolution) asked(s Settings, name string) {
	h := &r.hops[len(r.hops)-1]
	h.Switch, h.Set = name, s.word(name)
}

type zoneDoc struct {
	Name       string `json:"-"`
	DNSName    string `json:"dnsName"`
	Visibility string `json:"visibility"`
	Seen       struct {
		Networks []struct {
			URL string `json:"networkUrl"`
		} `json:"networks"`
	} `json:"privateVisibilityConfig"`
	Forward *struct{} `json:"forwardingConfig"`
	Peer    *struct {
		Target struct {
			URL string `json:"networkUrl"`
		} `json:"targetNetwork"`
	} `json:"peeringConfig"`
}

type networkList []struct {
	URL string `json:"networkUrl"`
}

func (l networkList) has(net string) bool {
	return slices.ContainsFunc(l, func(n struct {
		URL string `json:"networkUrl"`
	}) bool {
		return relative(n.URL, "") == net
	})
}

// canonical is a name in lower case with a dot at its end.
func canonical(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") + "." }

// resolve asks for a name as machines of a network do, in the order of pageNames; no network: the public names.
func (s *Snapshot) resolve(net, name string, v6 bool) resolution {
	r := &resolution{}
	s.ask(r, query{net: net, name: canonical(name), v6: v6, depth: 0})
	return *r
}

type query struct {
	net, name string
	v6        bool
	depth     int // of peering zones
}

func (q query) typ() string {
	if q.v6 {
		return "AAAA"
	}
	return "A"
}

func (s *Snapshot) ask(r *resolution, q query) {
	if q.net == "" {
		s.askPublic(r, q)
		return
	}
	for name, doc := range s.tx.Scan(google, "dnsPolicies", "") {
		p := decoded[struct {
			Networks networkList `json:"networks"`
			Servers  *struct{}   `json:"alternativeNameServerConfig"`
		}](doc)
		if p.Servers != nil && p.Networks.has(q.net) {
			r.say(q.net, nameOutbound, last(name))
			r.asked(s.settings, alternativeAsks)
			if s.settings.On(alternativeAsks) {
				s.askPublic(r, q)
			}
			return
		}
	}
	if s.askResponse(r, q) || s.askZones(r, q) {
		return
	}
	s.askPublic(r, q)
}

// askResponse looks for the rule of a response policy with the longest name; a rule that passes through is no answer.
func (s *Snapshot) askResponse(r *resolution, q query) bool {
	type responseRule struct {
		Name     string `json:"dnsName"`
		Behavior string `json:"behavior"`
		Local    struct {
			Data []struct {
				Type string   `json:"type"`
				Data []string `json:"rrdatas"`
			} `json:"localDatas"`
		} `json:"localData"`
	}
	var found responseRule
	var by string
	for name, doc := range s.tx.Scan(google, "responsePolicies", "") {
		p := decoded[struct {
			Networks networkList `json:"networks"`
		}](doc)
		if !p.Networks.has(q.net) {
			continue
		}
		rules, _ := s.tx.Get(google, "responsePolicyRules", name)
		for _, rule := range decoded[struct{ Rules []responseRule }](rules).Rules {
			if wildcard(rule.Name, q.name) && (by == "" || closer(rule.Name, found.Name)) {
				found, by = rule, last(name)
			}
		}
	}
	if by == "" || found.Behavior == "bypassResponsePolicy" {
		return false
	}
	r.say(q.net, nameResponse, by+" "+found.Name)
	for _, d := range found.Local.Data {
		if d.Type == q.typ() {
			r.addrs = append(r.addrs, addresses(d.Data)...)
		}
	}
	return true
}

// closer tells whether a rule's name is a longer suffix than another's: the name itself before every wildcard.
func closer(name, than string) bool {
	star := func(text string) (string, bool) { return strings.CutPrefix(canonical(text), "*.") }
	a, wildA := star(name)
	b, wildB := star(than)
	if wildA != wildB {
		return wildB
	}
	return len(a) > len(b)
}

func wildcard(pattern, name string) bool {
	if suffix, ok := strings.CutPrefix(canonical(pattern), "*."); ok {
		return strings.HasSuffix(name, "."+suffix)
	}
	return canonical(pattern) == name
}

// askZones takes the private zone with the longest suffix, whatever it has for the name.
func (s *Snapshot) askZones(r *resolution, q query) bool {
	var best zoneDoc
	for name, doc := range s.tx.Scan(google, "managedZones", "") {
		z := decoded[zoneDoc](doc)
		z.Name = name
		fits := q.name == z.DNSName || strings.HasSuffix(q.name, "."+z.DNSName)
		if z.Visibility == "private" && fits && networkList(z.Seen.Networks).has(q.net) &&
			len(z.DNSName) > len(best.DNSName) {
			best = z
		}
	}
	switch {
	case best.Name == "":
		return false
	case best.Peer != nil:
		r.say(q.net, namePeering, last(best.Name))
		if q.depth < longestChain {
			s.ask(r, query{net: relative(best.Peer.Target.URL, ""), name: q.name, v6: q.v6, depth: q.depth + 1})
		}
	case best.Forward != nil:
		r.say(q.net, nameForward, last(best.Name))
		r.asked(s.settings, forwardAsks)
		if s.settings.On(forwardAsks) {
			s.askPublic(r, q)
		}
	default:
		s.askRecords(r, q, best)
	}
	return true
}

func (s *Snapshot) askRecords(r *resolution, q query, z zoneDoc) {
	if doc, ok := s.record(z, q.name, q.typ()); ok {
		r.say(q.net, nameZone, last(z.Name))
		r.addrs = addresses(doc)
		return
	}
	alias, ok := s.record(z, q.name, "CNAME")
	if !ok || len(alias) == 0 {
		r.say(q.net, nameMissing, last(z.Name))
		return
	}
	r.say(q.net, nameZone, last(z.Name)+" "+alias[0])
	s.chase(r, query{net: q.net, name: canonical(alias[0]), v6: q.v6, depth: q.depth + 1})
}

// chase asks for the target of an alias of a private zone: in the private zones of the network, never in public ones
// (pageChasing). Whether a response policy answers before them, a switch says.
func (s *Snapshot) chase(r *resolution, q query) {
	if q.depth > longestChain {
		r.say(q.net, nameChased, q.name)
		return
	}
	if s.settings.On(aliasResponse) {
		if s.askResponse(r, q) {
			r.asked(s.settings, aliasResponse)
			return
		}
	}
	if !s.askZones(r, q) {
		r.say(q.net, nameChased, q.name)
	}
}

// longestChain bounds aliases and peering zones that lead in a circle.
const longestChain = 8

// record reads a record of a name, or of the wildcard nearest above it.
func (s *Snapshot) record(z zoneDoc, name, typ string) ([]string, bool) {
	for try := name; strings.HasSuffix(try, z.DNSName); {
		if doc, ok := s.tx.Get(google, "resourceRecordSets", z.Name+"/rrsets/"+try+"/"+typ); ok {
			return decoded[struct {
				Data []string `json:"rrdatas"`
			}](doc).Data, true
		}
		_, rest, _ := strings.Cut(strings.TrimPrefix(try, "*."), ".")
		if rest == "" {
			break
		}
		try = "*." + rest
	}
	return nil, false
}

func (s *Snapshot) askPublic(r *resolution, q query) {
	name := strings.TrimSuffix(q.name, ".")
	at := "the public name system"
	addrs, known := s.public[name]
	switch {
	case known:
		r.addrs = addresses(addrs)
	case strings.HasSuffix(name, ".googleapis.com") || strings.HasSuffix(name, ".run.app") ||
		strings.HasSuffix(name, ".cloudfunctions.net"):
		r.addrs = []netip.Addr{publicGoogle, publicGoogle6}
	default:
		r.say(at, nameNone, name)
		return
	}
	r.addrs = slices.DeleteFunc(r.addrs, func(a netip.Addr) bool { return a.Is6() != q.v6 })
	if len(r.addrs) == 0 {
		r.say(at, nameFamily, name)
		return
	}
	r.say(at, namePublic, name)
}

// publicGoogle stands for the public addresses of Google's front end.
var (
	publicGoogle  = netip.MustParseAddr("142.250.0.95")
	publicGoogle6 = netip.MustParseAddr("2a00:1450::5f")
)

func addresses(texts []string) []netip.Addr {
	var out []netip.Addr
	for _, t := range texts {
		if a, err := netip.ParseAddr(t); err == nil {
			out = append(out, a)
		}
	}
	return out
}

// aim finds out where a packet is to go: it resolves names as the sender does.
func (w *walk) aim(l leg, q Question) (leg, error) {
	l.name = strings.TrimSuffix(strings.ToLower(q.Name), ".")
	p, isPlace, err := parsePlace(q.To)
	if err != nil {
		return l, err
	}
	if a, err := netip.ParseAddr(q.To); err == nil {
		l.dst = a
		return w.oneFamily(l, q)
	}
	if isPlace && p.kind != "service" {
		to, err := w.origin(p, q.V6 || l.src.Is6())
		if err != nil {
			return l, err
		}
		l.dst = to.src
		p = place{kind: p.kind, names: p.names, addr: to.src}
		if to.net != "" {
			p = place{kind: "network", names: []string{part(to.net, "projects"), last(to.net)}, addr: to.src}
		}
		w.wants = &p
		return w.oneFamily(l, q)
	}
	name := q.To
	if isPlace {
		svc, ok := w.service("projects/" + p.names[0] + "/locations/" + p.names[1] + "/services/" + p.names[2])
		if !ok || len(svc.URLs) == 0 {
			return l, fmt.Errorf("find place: no service %s in region %s of project %s", p.names[2], p.names[1],
				p.names[0])
		}
		name, _, _ = strings.Cut(strings.TrimPrefix(svc.URLs[0], "https://"), "/")
	}
	return w.aimAt(l, q, name)
}

func (w *walk) aimAt(l leg, q Question, name string) (leg, error) {
	if l.name == "" {
		l.name = strings.TrimSuffix(strings.ToLower(name), ".")
	}
	r := w.resolve(w.asks(l), name, q.V6)
	w.hops = append(w.hops, r.hops...)
	if len(r.addrs) == 0 {
		if n := len(w.hops); n > 0 {
			w.hops[n-1].Drop = true
		}
		l.at = dropped
		return l, nil
	}
	l.dst = r.addrs[0]
	return l, nil
}

func (w *walk) oneFamily(l leg, q Question) (leg, error) {
	if l.service != nil && l.dst.Is6() {
		l.src = runAddress6
	}
	if l.service == nil && l.src.Is6() != l.dst.Is6() {
		return l, fmt.Errorf("invalid question: %s and %s are of different families", q.From, q.To)
	}
	return l, nil
}

// asks is the network whose names a sender sees; "" = the public ones. A site sees those of a network with an inbound
// policy that it is connected with, if it asks there.
func (w *walk) asks(l leg) string {
	switch l.at {
	case atService:
		if who, ok := w.sends(*l.service); ok {
			return who.net
		}
	case atNIC:
		return l.net
	case atSite:
		return w.inbound(l.site)
	}
	return ""
}

func (w *walk) inbound(site string) string {
	if !w.settings.On(siteAsks) {
		return ""
	}
	for _, r := range w.routers {
		net := relative(r.Network, part(r.Name, "projects"))
		known := slices.ContainsFunc(w.told[r.Name].Peers, func(p struct {
			Name string `json:"name"`
			advertisement
			Enable string `json:"enable"`
		}) bool {
			return p.Name == site
		})
		for name, doc := range w.tx.Scan(google, "dnsPolicies", "") {
			p := decoded[struct {
				Networks networkList `json:"networks"`
				Inbound  bool        `json:"enableInboundForwarding"`
			}](doc)
			if known && p.Inbound && p.Networks.has(net) {
				w.say("site "+site, nameInbound, last(name))
				w.asked(siteAsks)
				return net
			}
		}
	}
	return ""
}
