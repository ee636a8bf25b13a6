package invented

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"go.yaml.in/yaml/v4"
)

// A Neighbourhood is a world in which a connection is to be made, among others who never asked for it.
type Neighbourhood struct {
	// World is its description, Config the daemon's configuration for it.
	World, Config []byte
	// Kind says in a word what the intent is about. Earlier are the intents of connections that stand before.
	Kind               string
	Earlier            [][]byte
	Intent, Withdrawal []byte
	// Consents tells that the intent accepts that others behind its gateway are filtered.
	Consents bool
	// Others are packets of everybody else. A service's name in braces in To stands for each of its host names.
	Others []Flow
	// Asked are packets that the intent lets out, Shut some that its filter must stop.
	Asked, Shut []Flow
	// Newcomer is somebody who comes while the connection is being made; nil for none.
	Newcomer *Newcomer
}

// A Newcomer is a document of the vendor's that appears, and what the newcomer sends.
type Newcomer struct {
	Vendor, Kind, Name string
	Doc                map[string]any
	Flows              []Flow
}

// The service of the intent, and its subnetworks in the home network.
const (
	ownService = "fn-own"
	home       = "net-0"
	shared     = "shared"
	alone      = "alone"
	narrow     = "narrow"
	pool       = "pool"
	controller = "avx"
)

// Neighbours makes a neighbourhood. Equal seeds give equal ones; about half of the intents take nothing that others
// have a share in.
func Neighbours(seed uint64) (Neighbourhood, error) {
	d := &draft{Rand: rand.New(rand.NewPCG(seed, 31))}
	d.home()
	for i := 1; i < 2+d.IntN(2); i++ {
		d.network(i)
		d.rules(i)
		d.ways(i)
		d.serverless(i)
		d.learning(i)
	}
	d.join()
	d.security()
	d.hub()
	d.names()
	k := d.wish()
	n := Neighbourhood{Kind: k.kind, Consents: k.consents, Intent: event(ownService, "apply", k.data),
		Withdrawal: event(ownService, "withdraw", doc{}), Asked: k.asked, Shut: k.shut, Newcomer: d.newcomer(k)}
	if d.oneIn(4) {
		n.Earlier = append(n.Earlier, d.earlier())
	}
	d.services = append(d.services, doc{"project": project, "region": regions[0], "name": ownService},
		doc{"project": project, "region": regions[0], "name": "fn-before"})
	n.Others = d.others()
	var err error
	if n.World, err = yaml.Marshal(d.described()); err != nil {
		return n, err
	}
	n.Config, err = yaml.Marshal(d.configured())
	return n, err
}

// described is the world.
func (d *draft) described() doc {
	return doc{"google": doc{
		"projects": []doc{{"id": project, "number": "1", "hash": "aaaaaaaaaa",
			"parents": []string{"organizations/1", "folders/2"}}},
		"networks": d.networks, "peerings": d.peerings, "connectors": d.connectors, "routers": d.routers,
		"services": d.services, "jobs": d.jobs, "workerPools": d.pools, "objects": d.objects, "dnsZones": d.zones,
		"dnsPolicies": d.servers, "responsePolicies": d.responses, "firewallPolicies": d.guards,
		"serviceAttachments": d.producers},
		"aviatrix": doc{"controllers": d.controllers}, "outside": doc{"names": d.public}}
}

// configured is what the operator tells the daemon.
func (d *draft) configured() doc {
	op := doc{"pools": doc{pool: doc{"ranges": []string{"10.200.0.0/24"}, "tenants": []string{"default"}}},
		"gateways": doc{}}
	if d.dns {
		op["openings"] = []doc{{"network": fullNetwork(home), "cidr": "10.1.0.53/32", "protocol": "udp",
			"ports": []string{"53"}}}
	}
	out := doc{"operator": op}
	if len(d.controllers) > 0 {
		op["gateways"] = doc{"spoke-0": doc{"controller": controller, "tenants": []string{"default"}}}
		out["controllers"] = doc{controller: doc{"username": "u"}}
	}
	return out
}

// event is an intent as publishers send it.
func event(name, want string, data doc) []byte {
	text, err := json.Marshal(doc{"specversion": "1.0", "id": name + "-" + want, "source": "/proofs/blast",
		"type": "culvert.private-service." + want + ".v1", "subject": name, "datacontenttype": "application/json",
		"data": data})
	if err != nil {
		panic(err) // plain maps encode
	}
	return text
}

func subnetwork(region, name string) string {
	return fmt.Sprintf("projects/%s/regions/%s/subnetworks/%s", project, region, name)
}
