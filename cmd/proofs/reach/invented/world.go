package invented

import (
	"fmt"
	"math/rand/v2"

	"go.yaml.in/yaml/v4"
)

// A Flow is one packet of a new connection. From and To are places, addresses or names as the world takes them; a
// subnetwork's name in braces before :: stands for the first half of its IPv6 range, which the world takes.
type Flow struct {
	From, To, Proto string
	Port            int // of tcp and udp
	V6              bool
}

// doc is a part of a world's description, in the vendor's words.
type doc map[string]any

// The regions of every world.
var regions = []string{"europe-west3", "europe-west1"}

// project owns every network of a world.
const project = "acme-p"

// A draft is a world that is being made. It is for one goroutine.
type draft struct {
	*rand.Rand
	networks, peerings, connectors, routers, services, objects, controllers []doc
	zones, responses, servers, public                                       []doc
	jobs, pools, guards, producers                                          []doc
	nets                                                                    []vpc
	// senders and targets are places that packets go between, six those of IPv6.
	senders, targets, senders6, targets6 []string
	// six tells of the intent's subnetwork in a neighbourhood that it has IPv6, dns that everybody may ask a name
	// server, site that a Cloud Router has a site, crowded that services send directly from the shared subnetwork,
	// tagged that the spoke has a tag of others. version is the controller's.
	six, dns, site, crowded, tagged bool
	version                         string
}

// A vpc is what the maker has put into a network.
type vpc struct {
	name     string
	subnets  []subnet
	machines []machine
}

type subnet struct {
	name, region, base string // base is the range without its last number
	six                bool
}

type machine struct{ name, ip string }

// World makes a world and flows packets in it. The text is a world's description.
func World(seed uint64, flows int) (text []byte, packets []Flow, err error) {
	d := &draft{Rand: rand.New(rand.NewPCG(seed, 29))}
	for i := range 2 + d.IntN(3) {
		d.network(i)
	}
	d.join()
	for i := range d.nets {
		d.rules(i)
		d.ways(i)
		d.exits(i)
		d.steering(i)
		d.learning(i)
		d.serverless(i)
	}
	d.policies()
	d.gateways()
	d.names()
	d.targets = append(d.targets, "8.8.8.8", "199.36.153.8", "199.36.153.4", "172.16.5.9", "10.250.1.1", "1.1.1.1",
		"169.254.169.254", "192.168.1.1", "142.250.0.95", "240.0.0.9")
	d.targets6 = append(d.targets6, "2001:4860:4860::8888", "fd99::1", "2600:2d00:2:2000::1", "fd20:ce::254",
		"2607:f8b0::5f")
	text, err = yaml.Marshal(doc{"google": doc{
		"projects": []doc{{"id": project, "number": "1", "hash": "aaaaaaaaaa",
			"parents": []string{"organizations/1", "folders/2"}}},
		"networks": d.networks, "peerings": d.peerings, "connectors": d.connectors, "routers": d.routers,
		"services": d.services, "objects": d.objects, "dnsZones": d.zones, "dnsPolicies": d.servers,
		"responsePolicies": d.responses}, "aviatrix": doc{"controllers": d.controllers},
		"outside": doc{"names": d.public}})
	for range flows {
		packets = append(packets, d.packet())
	}
	return text, packets, err
}

// packet goes between two places of the world. A third of them is IPv6, where something has such an address.
func (d *draft) packet() Flow {
	f := Flow{Proto: one(d, "tcp", "tcp", "tcp", "udp", "icmp", "esp")}
	if f.Proto == "tcp" || f.Proto == "udp" {
		f.Port = one(d, 22, 25, 53, 80, 443, 8080)
	}
	if f.V6 = len(d.senders6) > 0 && d.oneIn(3); f.V6 {
		f.From, f.To = one(d, d.senders6...), one(d, d.targets6...)
		return f
	}
	f.From, f.To = one(d, d.senders...), one(d, d.targets...)
	return f
}

// one takes one of some.
func one[T any](d *draft, some ...T) T { return some[d.IntN(len(some))] }

// oneIn is true one time in n.
func (d *draft) oneIn(n int) bool { return d.IntN(n) == 0 }

func (d *draft) object(kind, region, name string, body doc) {
	o := doc{"kind": kind, "name": name, "body": body}
	if kind != "firewallPolicies" || body["associations"] == nil || name[0] == 'p' {
		o["project"] = project
	}
	if region != "" {
		o["region"] = region
	}
	d.objects = append(d.objects, o)
}

func fullNetwork(name string) string { return "projects/" + project + "/global/networks/" + name }

// network makes a network with subnetworks, machines and perhaps a connector.
func (d *draft) network(i int) {
	v := vpc{name: fmt.Sprintf("net-%d", i)}
	var subnets []doc
	for j := range 1 + d.IntN(3) {
		s := subnet{fmt.Sprintf("net-%d-%d", i, j), one(d, regions...), fmt.Sprintf("10.%d.%d.", 1+i, j), false}
		if d.oneIn(12) { // a public range that is used privately
			s.base = fmt.Sprintf("11.%d.%d.", 1+i, j)
		}
		body := doc{"name": s.name, "region": s.region, "range": s.base + "0/24", "googleAccess": d.oneIn(2)}
		if s.six = d.oneIn(3); s.six {
			body["v6"] = one(d, "INTERNAL", "EXTERNAL")
			d.senders6 = append(d.senders6, "network:"+project+"/"+v.name+"/{"+s.name+"}::5",
				"subnetwork:"+project+"/"+s.region+"/"+s.name)
			d.targets6 = append(d.targets6, "network:"+project+"/"+v.name+"/{"+s.name+"}::7", "{"+s.name+"}::9")
		}
		subnets = append(subnets, body)
		v.subnets = append(v.subnets, s)
		d.senders = append(d.senders, "network:"+project+"/"+v.name+"/"+s.base+"77",
			"subnetwork:"+project+"/"+s.region+"/"+s.name)
		d.targets = append(d.targets, "network:"+project+"/"+v.name+"/"+s.base+"78", s.base+"79")
	}
	d.networks = append(d.networks, doc{"project": project, "name": v.name, "policyFirst": d.oneIn(2),
		"globalRouting": d.oneIn(2), "subnetworks": subnets})
	for j := range 1 + d.IntN(3) {
		v.machines = append(v.machines, d.machine(v, j))
	}
	if d.oneIn(2) {
		name, region := "con-"+v.name, one(d, regions...)
		d.connectors = append(d.connectors, doc{"project": project, "region": region, "name": name,
			"network": v.name, "range": fmt.Sprintf("10.%d.200.0/28", 1+i)})
		d.senders = append(d.senders, "connector:"+project+"/"+region+"/"+name)
	}
	d.nets = append(d.nets, v)
}

func (d *draft) machine(v vpc, j int) machine {
	at := one(d, v.subnets...)
	m := machine{fmt.Sprintf("%s-vm%d", v.name, j), fmt.Sprintf("%s%d", at.base, 10+j)}
	port := doc{"network": fullNetwork(v.name), "networkIP": m.ip}
	if d.oneIn(4) {
		public := fmt.Sprintf("203.0.113.%d", 1+d.IntN(60)+60*j)
		port["accessConfigs"] = []doc{{"natIP": public}}
		d.targets = append(d.targets, public)
	}
	status := one(d, "RUNNING", "RUNNING", "RUNNING", "TERMINATED")
	d.object("instances", at.region+"-a", m.name, doc{"name": m.name, "status": status,
		"canIpForward": d.oneIn(2), "tags": doc{"items": d.tags()},
		"serviceAccounts":   []doc{{"email": one(d, "a@p.iam", "b@p.iam")}},
		"networkInterfaces": []doc{port}})
	if status == "RUNNING" { // the model is about senders that send
		d.senders = append(d.senders, "machine:"+project+"/"+m.name, "network:"+project+"/"+v.name+"/"+m.ip)
	}
	d.targets = append(d.targets, m.ip, "machine:"+project+"/"+m.name)
	return m
}

// tags are none, one or two.
func (d *draft) tags() []string {
	return one(d, []string{}, []string{"red"}, []string{"blue"}, []string{"red", "blue"})
}

// join peers some of the networks with each other.
func (d *draft) join() {
	for i := range d.nets {
		for j := range i {
			if d.oneIn(2) {
				continue
			}
			a, b := project+"/"+d.nets[i].name, project+"/"+d.nets[j].name
			p := doc{"between": []string{a, b}, "v6": d.oneIn(2), "inactive": d.oneIn(8)}
			switch d.IntN(3) {
			case 0:
				p["customRoutes"] = true
			case 1:
				p["exports"], p["imports"] = []string{one(d, a, b)}, []string{one(d, a, b)}
			}
			if d.oneIn(2) {
				p["publicRanges"] = []string{one(d, a, b)}
			}
			d.peerings = append(d.peerings, p)
		}
	}
}
