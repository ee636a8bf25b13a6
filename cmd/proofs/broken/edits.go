package broken

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/examples"
)

// An edit changes the world's documents behind everybody's back.
type edit = func(*world.Tx) error

// Names of the default world.
const (
	home     = "projects/acme-net/global/networks/spoke-vpc"
	inRegion = "projects/acme-net/regions/europe-west3/"
	links    = "https://www.googleapis.com/compute/v1/"
)

// scenario is the default world without its thousand spare services, below an organization.
func scenario() []byte {
	text := bytes.Replace(examples.World, []byte("count: 1000"), []byte("count: 10"), 1)
	return bytes.Replace(text, []byte("host: true}"), []byte("host: true, parents: [organizations/1]}"), 1)
}

// all makes edits together.
func all(edits ...edit) edit {
	return func(tx *world.Tx) error {
		for _, e := range edits {
			if err := e(tx); err != nil {
				return err
			}
		}
		return nil
	}
}

// named finds the one document of a kind whose name ends or begins as told: "…/end" or "begin…".
func named(tx *world.Tx, vendor, kind, part string) (string, error) {
	var found []string
	for name := range tx.Scan(vendor, kind, "") {
		if strings.Contains(name, part) {
			found = append(found, name)
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("%d of %s have %q in their name: %v", len(found), kind, part, found)
	}
	return found[0], nil
}

// change changes one document, which has part in its name.
func change(vendor, kind, part string, how func(world.Doc)) edit {
	return func(tx *world.Tx) error {
		name, err := named(tx, vendor, kind, part)
		if err != nil {
			return err
		}
		doc, _ := tx.Get(vendor, kind, name)
		how(doc)
		tx.QuietPut(vendor, kind, name, doc)
		return nil
	}
}

// set sets one member of a document.
func set(vendor, kind, part, member string, value any) edit {
	return change(vendor, kind, part, func(d world.Doc) { d[member] = value })
}

// remove takes one document away.
func remove(vendor, kind, part string) edit {
	return func(tx *world.Tx) error {
		name, err := named(tx, vendor, kind, part)
		if err == nil {
			tx.QuietDelete(vendor, kind, name)
		}
		return err
	}
}

// copied makes a document like another one, under another last name.
func copied(kind, from, name string, how func(world.Doc)) edit {
	return func(tx *world.Tx) error {
		old, err := named(tx, "gcp", kind, from)
		if err != nil {
			return err
		}
		doc, _ := tx.Get("gcp", kind, old)
		full := old[:strings.LastIndexByte(old, '/')+1] + name
		doc["name"], doc["selfLink"], doc["id"] = name, links+full, "7700"+fmt.Sprint(len(full))
		how(doc)
		tx.QuietPut("gcp", kind, full, doc)
		return nil
	}
}

// objects are the members of a list.
func objects(d world.Doc, member string) (out []map[string]any) {
	list, _ := d[member].([]any)
	for _, one := range list {
		if o, ok := one.(map[string]any); ok {
			out = append(out, o)
		}
	}
	return out
}

// without takes what fits out of a list of a document.
func without(member string, fits func(map[string]any) bool) func(world.Doc) {
	return func(d world.Doc) {
		kept := []any{}
		for _, o := range objects(d, member) {
			if !fits(o) {
				kept = append(kept, o)
			}
		}
		d[member] = kept
	}
}

// anything fits everything.
func anything(map[string]any) bool { return true }

// route is a static route of the network's own: to the gateway of the internet, or to a machine that nobody has.
func route(name, to string, priority int, internet bool) edit {
	return copied("routes", "routes/partner", name, func(d world.Doc) {
		d["destRange"], d["priority"], d["description"] = to, priority, "somebody's"
		if internet {
			delete(d, "nextHopIp")
			d["nextHopGateway"] = links + "projects/acme-net/global/gateways/default-internet-gateway"
			return
		}
		d["nextHopIp"] = "10.10.0.77"
	})
}

// policyRoute is a policy-based route of the whole network, to a load balancer that is not there.
func policyRoute(name, to string) edit {
	return func(tx *world.Tx) error {
		full := "projects/acme-net/locations/global/policyBasedRoutes/" + name
		tx.QuietPut("gcp", "policyBasedRoutes", full, world.Doc{"kind": "networkconnectivity#policyBasedRoute",
			"name": full, "network": home, "priority": 100, "nextHopIlbIp": "10.10.0.88",
			"filter": map[string]any{"protocolVersion": "IPV4", "srcRange": "0.0.0.0/0", "destRange": to}})
		return nil
	}
}

// nat is a Cloud NAT for some subnetworks.
func nat(router, name string, subnetworks ...string) edit {
	return change("gcp", "routers", "/routers/"+router, func(d world.Doc) {
		var list []any
		for _, s := range subnetworks {
			list = append(list, map[string]any{"name": links + inRegion + "subnetworks/" + s,
				"sourceIpRangesToNat": []any{"ALL_IP_RANGES"}})
		}
		one := map[string]any{"name": name, "natIpAllocateOption": "AUTO_ONLY", "type": "PUBLIC",
			"sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS", "subnetworks": list}
		nats, _ := d["nats"].([]any)
		d["nats"] = append(nats, one)
	})
}

// A rule of a firewall policy.
type rule struct {
	name, action string
	priority     int
	to           []any
}

func (r rule) doc() map[string]any {
	return map[string]any{"kind": "compute#firewallPolicyRule", "ruleName": r.name, "priority": r.priority,
		"action": r.action, "direction": "EGRESS", "enableLogging": false, "description": "somebody's",
		"ruleTupleCount": 2, "match": map[string]any{"destIpRanges": r.to,
			"layer4Configs": []any{map[string]any{"ipProtocol": "all"}}}}
}

// opens adds a rule to the network's global policy.
func opens(r rule) edit {
	return change("gcp", "firewallPolicies", "/spoke-policy", func(d world.Doc) {
		rules, _ := d["rules"].([]any)
		rules = append(rules, r.doc())
		slices.SortStableFunc(rules, func(a, b any) int { return priority(a) - priority(b) })
		d["rules"] = rules
	})
}

func priority(r any) int {
	o, _ := r.(map[string]any)
	switch n := o["priority"].(type) {
	case float64:
		return int(n)
	case int:
		return n
	}
	return 0
}

// policyAt makes a firewall policy at another level, with one rule.
func policyAt(full, attachedTo string, r rule) edit {
	return func(tx *world.Tx) error {
		name, err := named(tx, "gcp", "firewallPolicies", "/spoke-policy")
		if err != nil {
			return err
		}
		doc, _ := tx.Get("gcp", "firewallPolicies", name)
		short := full[strings.LastIndexByte(full, '/')+1:]
		doc["name"], doc["selfLink"], doc["id"] = short, links+full, "7800"+fmt.Sprint(len(full))
		doc["selfLinkWithId"] = doc["selfLink"]
		if strings.HasPrefix(full, "locations/") {
			doc["shortName"], doc["displayName"] = short, short
		}
		doc["rules"] = []any{r.doc()}
		doc["associations"] = []any{map[string]any{"name": short, "attachmentTarget": attachedTo}}
		tx.QuietPut("gcp", "firewallPolicies", full, doc)
		return nil
	}
}

// zone is a private zone of the network with one address record at its top.
func zone(name, dns, address string) edit {
	return func(tx *world.Tx) error {
		make := copied("managedZones", "/corp-internal", name, func(d world.Doc) {
			d["dnsName"] = dns + "."
			d["privateVisibilityConfig"] = map[string]any{"networks": []any{map[string]any{"networkUrl": links + home}}}
		})
		if err := make(tx); err != nil {
			return err
		}
		old, err := named(tx, "gcp", "resourceRecordSets", "/git.corp.acme.example./A")
		if err != nil {
			return err
		}
		doc, _ := tx.Get("gcp", "resourceRecordSets", old)
		doc["name"], doc["rrdatas"] = dns+".", []any{address}
		tx.QuietPut("gcp", "resourceRecordSets", "projects/acme-net/managedZones/"+name+"/rrsets/"+dns+"./A", doc)
		return nil
	}
}

// peeringGone ends the peering between the network and the one of shared services, on both sides.
func peeringGone() edit {
	cut := func(d world.Doc) {
		for _, p := range objects(d, "peerings") {
			p["state"], p["stateDetails"] = "INACTIVE", "The peer has gone."
		}
	}
	return all(change("gcp", "networks", "networks/spoke-vpc", cut),
		change("gcp", "networks", "networks/shared-services", cut))
}
