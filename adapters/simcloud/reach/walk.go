package reach

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

// stage is where a packet is.
type stage int

const (
	atService  stage = iota // inside a service, before it is decided which way it leaves
	atNIC                   // at an interface of a Google network, leaving it
	atNetwork               // in a Google network, looking for its way
	atMachine               // at an interface that it enters
	atGateway               // at an Aviatrix gateway
	atSite                  // in a site's network
	atInternet              // on the Internet
	atFront                 // at Google's front end
	arrived                 // where it was sent
	dropped
)

// How a packet came into a Google network.
const (
	ownWay     = "" // from an interface of the network itself
	forwarded  = "forwarded by a machine"
	hybrid     = "from a site"
	peered     = "from a peer"
	fromGoogle = "from Google"
)

// leg is a packet at one stage of its way.
type leg struct {
	packet
	at      stage
	net     string   // the Google network
	nic     *nic     // the interface that sends it there; nil when none does
	via     string   // how it came into the network
	region  string   // where in the network
	service *service // that sends it
	gateway string   // CONTROLLER/GATEWAY
	from    string   // how it came to the gateway: fromVPC, a connection's or another gateway's name
	site    string
	bundle  string // of the endpoint that brought it to the front end
	skip    bool   // no policy-based route any more
	moved   bool   // by a route that the controller moves when a gateway fails
	end     string // the kind of place where it arrived
	there   string // that place, for people
}

// translation is a source address that was changed on the way, by whom.
type translation struct {
	inside, outside netip.Addr
	net             string // the Google network in which outside is an address; "" = the Internet
	back            leg    // where an answer to outside goes on, after it was changed back
}

// walk is one packet under way.
type walk struct {
	*Snapshot
	hops  []Hop
	nats  []translation
	gates []string // gateways that let the packet pass
	legs  int
	wants *place // where it must arrive; nil: anywhere
	home  *leg   // of an answer: where the connection started
	// entered is where a service's packet entered a network: its answers come to that address.
	entered *leg
}

// most is the number of stages after which a packet goes round in a circle.
const most = 40

// run walks a packet to its end.
func (w *walk) run(l leg) leg {
	for l.at != arrived && l.at != dropped {
		if w.legs++; w.legs > most {
			return w.drop(l, l.where(), loop, "")
		}
		l = w.step(l)
	}
	return l
}

func (w *walk) step(l leg) leg {
	switch l.at {
	case atService:
		return w.leaveService(l)
	case atNIC:
		return w.leaveNIC(l)
	case atNetwork:
		return w.throughNetwork(l)
	case atMachine:
		return w.enterMachine(l)
	case atGateway:
		return w.throughGateway(l)
	case atSite:
		return w.throughSite(l)
	case atInternet:
		return w.onInternet(l)
	}
	return w.atFrontEnd(l)
}

func (w *walk) say(at string, r Rule, by string) {
	w.hops = append(w.hops, Hop{At: at, Rule: r.ID, By: by, Says: r.Says, Page: r.Page})
}

func (w *walk) drop(l leg, at string, r Rule, by string) leg {
	w.say(at, r, by)
	w.hops[len(w.hops)-1].Drop = true
	l.at = dropped
	return l
}

// asked records that a switch decided the last hop.
func (w *walk) asked(name string) {
	h := &w.hops[len(w.hops)-1]
	h.Switch, h.Set = name, w.settings.word(name)
}

// bySwitch passes or drops a packet as a switch says.
func (w *walk) bySwitch(l leg, at string, r Rule, name string) leg {
	if !w.settings.On(name) {
		l = w.drop(l, at, r, "")
		w.asked(name)
		return l
	}
	w.say(at, r, "")
	w.asked(name)
	return l
}

// where names the place of a packet for people.
func (l leg) where() string {
	switch {
	case l.at == atGateway:
		return "gateway " + l.gateway
	case l.site != "":
		return "site " + l.site
	case l.at == atFront || l.bundle != "":
		return "Google"
	case l.nic != nil:
		return l.nic.name
	case l.net != "":
		return l.net
	case l.service != nil:
		return l.service.Name
	}
	return "the Internet"
}

// fork walks every equal way on its own. The packet passes when it passes on each of them: which one it takes is not
// for the sender to say.
func (w *walk) fork(ways []func(*walk) leg) leg {
	var first *walk
	var end leg
	for _, way := range ways {
		one := *w
		one.hops, one.nats, one.gates = slices.Clone(w.hops), slices.Clone(w.nats), slices.Clone(w.gates)
		if l := one.run(way(&one)); l.at == dropped {
			*w = one
			return l
		} else if first == nil {
			first, end = &one, l
		}
	}
	*w = *first
	return end
}

// finish ends a way at a place, if it is the one that was meant.
func (w *walk) finish(l leg, here place) leg {
	if w.home != nil && !w.home.same(l, here) {
		return w.drop(l, here.String(), siteOther, "")
	}
	if w.wants != nil && !w.wants.same(here) {
		return w.drop(l, here.String(), siteOther, "")
	}
	l.at, l.end, l.there = arrived, here.kind, here.String()
	return l
}

func (p place) String() string {
	text := p.kind + ":"
	for _, n := range p.names {
		text += n + "/"
	}
	return text + p.addr.String()
}

// same compares where something arrived with where it was meant to.
func (p place) same(here place) bool {
	return p.kind == here.kind && slices.Equal(p.names, here.names) && (!p.addr.IsValid() || p.addr == here.addr)
}

// same tells whether an answer has come home: to the sender's realm and address.
func (l leg) same(end leg, here place) bool {
	switch l.at {
	case atNIC:
		return end.net == l.net && here.addr == l.src
	case atGateway:
		return here.kind == "gateway" && here.names[0]+"/"+here.names[1] == l.gateway && here.addr == l.src
	case atSite:
		return here.kind == "site" && here.names[0] == l.site && here.addr == l.src
	case atService, atInternet:
		return here.addr == l.src
	}
	return false
}

// Answer answers a question. Errors are about its words, never about the packet.
func (s *Snapshot) Answer(q Question) (Answer, error) {
	start, err := s.begin(q)
	if err != nil {
		return Answer{}, err
	}
	w := &walk{Snapshot: s}
	l := start
	if l, err = w.aim(l, q); err != nil {
		return Answer{}, err
	}
	sent := l.packet
	l = w.run(l)
	a := Answer{Out: w.way(sent, l)}
	if l.at != arrived {
		return a, nil
	}
	home := start
	if w.entered != nil {
		home = *w.entered
	}
	back := &walk{Snapshot: s, nats: w.nats, gates: w.gates, home: &home}
	answer := back.reply(l)
	sent = answer.packet
	end := back.run(answer)
	way := back.way(sent, end)
	a.Back, a.Passes = &way, way.Passes
	return a, nil
}

func (w *walk) way(sent packet, l leg) Way {
	end := cmp.Or(l.there, l.where())
	if l.at == dropped {
		end = w.hops[len(w.hops)-1].At
	}
	src, dst := "", ""
	if sent.src.IsValid() {
		src = sent.src.String()
	}
	if sent.dst.IsValid() {
		dst = sent.dst.String()
	}
	return Way{Passes: l.at == arrived, Src: src, Dst: dst, End: end, Hops: slices.Clone(w.hops)}
}

func (s *Snapshot) begin(q Question) (leg, error) {
	from, ok, err := parsePlace(q.From)
	if err != nil {
		return leg{}, err
	}
	if !ok {
		return leg{}, fmt.Errorf("invalid place %q: want %s", q.From, placeForms)
	}
	if !slices.Contains(protocols, q.Proto) {
		return leg{}, fmt.Errorf("invalid protocol %q: want one of %v", q.Proto, protocols)
	}
	if withPorts(q.Proto) && (q.Port < 1 || q.Port > 65535) || !withPorts(q.Proto) && q.Port != 0 {
		return leg{}, fmt.Errorf("invalid port %d of protocol %s", q.Port, q.Proto)
	}
	l, err := s.origin(from, q.V6)
	l.proto, l.port = q.Proto, q.Port
	return l, err
}

var protocols = []string{"tcp", "udp", "icmp", "esp", "ah", "sctp", "gre"}
