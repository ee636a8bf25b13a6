package google

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/vpcaccess/apiv1/vpcaccesspb"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// Vendor times. guess: no official figures; a create is said to take two to five minutes.
const (
	connectorCreate = 150 * time.Second
	connectorDelete = 90 * time.Second
	connectorPatch  = 60 * time.Second
	// reads may lag the finished operation: Terraform's provider sleeps 5 s after a create
	connectorLag = 5 * time.Second
)

var machineTypes = []string{"f1-micro", "e2-micro", "e2-standard-4"}

func connectorMethods() []method {
	const at = "projects/{project}/locations/{region}"
	body := protoSchema(&vpcaccesspb.Connector{})
	return []method{
		{pattern: "POST " + at + "/connectors", call: "connectors.create", body: body, named: "connectorId",
			style: rpcStyle, operation: true, run: createConnector},
		{pattern: "GET " + at + "/connectors", call: "connectors.list", style: rpcStyle, run: listConnectors},
		{pattern: "GET " + at + "/connectors/{name}", call: "connectors.get", style: rpcStyle, run: getConnector},
		{pattern: "PATCH " + at + "/connectors/{name}", call: "connectors.patch", body: body, style: rpcStyle,
			operation: true, run: patchConnector},
		{pattern: "DELETE " + at + "/connectors/{name}", call: "connectors.delete", style: rpcStyle, operation: true,
			run: deleteConnector},
		{pattern: "GET " + at + "/operations/{name}", call: "operations.get", style: rpcStyle, run: getLRO},
		{pattern: "GET " + at + "/operations", call: "operations.list", style: rpcStyle, run: listLROs},
		{pattern: "GET projects/{project}/locations", call: "locations.list", style: rpcStyle, run: listLocations},
	}
}

func (r *request) connectorName() string {
	return "projects/" + r.project + "/locations/" + r.region + "/connectors/" + r.name
}

// connectorSubnet is the full name of the subnet of a connector that uses one, connectorNetwork of the network of one
// with a range.
func connectorSubnet(name string, doc world.Doc) string {
	subnet := str(doc, "subnet", "name")
	if subnet == "" {
		return ""
	}
	project := str(doc, "subnet", "projectId")
	if project == "" {
		project = segment(name, "projects")
	}
	return "projects/" + project + "/regions/" + segment(name, "locations") + "/subnetworks/" + subnet
}

func connectorNetwork(name string, doc world.Doc) string {
	network := str(doc, "network")
	if network == "" || str(doc, "subnet", "name") != "" {
		return ""
	}
	if strings.Contains(network, "/") {
		return relative(network, segment(name, "projects"))
	}
	return "projects/" + segment(name, "projects") + "/global/networks/" + network
}

func createConnector(r *request) (world.Doc, *refusal) {
	if !computeName.MatchString(r.name) || len(r.name)+strings.Count(r.name, "-") >= 21 {
		return nil,
			rpcInvalid("Connector ID must follow the pattern ^[a-z][-a-z0-9]{0,19}[a-z0-9]$ and be shorter than 21 " +
				"characters, where a hyphen counts as two.")
	}
	name := r.connectorName()
	if r.tx.Has(vendor, "connectors", name) {
		return nil, &refusal{status: 409, reason: "", rpc: "ALREADY_EXISTS",
			message: fmt.Sprintf("Requested entity already exists: %s", name)}
	}
	if bad := checkConnector(r.body); bad != nil {
		return nil, bad
	}
	if bad := r.rpcLocation(r.region, name); bad != nil {
		return nil, bad
	}
	if network := connectorNetwork(name, r.body); network != "" && segment(network, "projects") != r.project {
		// documentation: a Shared VPC is reached by a subnet only. guess: the wording.
		return nil, rpcInvalid("Network %q is not in the connector's project: a Shared VPC network needs a subnet.",
			str(r.body, "network"))
	}
	doc := without(r.body, "connectedProjects")
	defaults(doc, map[string]any{"machineType": "e2-micro"})
	instances(doc)
	doc["name"], doc["state"] = name, "CREATING"
	failed := r.inside()
	if failed == nil {
		failed = r.connectorFails(name, doc)
	}
	r.tx.Put(r.effect("connectors", name, nil), doc)
	operation := r.connectorOperation("CreateConnector", connectorCreate, doc, failed)
	if failed != nil { // it stays and blocks its name and range until somebody deletes it
		r.later(connectorCreate, "connectors", name, world.Doc{"state": "ERROR"})
		return operation, nil
	}
	r.later(connectorCreate+connectorLag, "connectors", name, world.Doc{"state": "READY"})
	return operation, nil
}

// checkConnector refuses what the vendor refuses before it starts an operation.
func checkConnector(d world.Doc) *refusal {
	hasRange, hasSubnet := str(d, "ipCidrRange") != "" || str(d, "network") != "", str(d, "subnet", "name") != ""
	if hasRange == hasSubnet {
		return rpcInvalid("Either network and ip_cidr_range or subnet must be set, not both.")
	}
	if hasRange {
		prefix, err := netip.ParsePrefix(str(d, "ipCidrRange"))
		if err != nil || prefix.Bits() != 28 || prefix.Masked() != prefix || str(d, "network") == "" {
			return rpcInvalid(
				"Invalid IP CIDR range %q: it must be an unused /28 with a network.", str(d, "ipCidrRange"),
			)
		}
	}
	if machine := str(d, "machineType"); machine != "" && !slices.Contains(machineTypes, machine) {
		return rpcInvalid("Machine type %q is not one of %v.", machine, machineTypes)
	}
	low, hasLow := num(d, "minInstances")
	high, hasHigh := num(d, "maxInstances")
	if (hasLow && (low < 2 || low > 9)) || (hasHigh && (high < 3 || high > 10)) || (hasLow && hasHigh && low >= high) {
		return rpcInvalid("min_instances must be 2 to 9, max_instances 3 to 10, and min less than max.")
	}
	return checkThroughput(d)
}

func checkThroughput(d world.Doc) *refusal {
	low, hasLow := num(d, "minThroughput")
	high, hasHigh := num(d, "maxThroughput")
	if (hasLow && (low < 200 || low > 900 || low%100 != 0)) ||
		(hasHigh && (high < 300 || high > 1000 || high%100 != 0)) || (hasLow && hasHigh && low >= high) {
		return rpcInvalid(
			"min_throughput must be 200 to 900, max_throughput 300 to 1000, multiples of 100, and min less than max.",
		)
	}
	return nil
}

// instances completes the numbers of instances. guess: from throughput they are counted so that the recordings come out
// (200 to 400 gives 3 to 4).
func instances(doc world.Doc) {
	if _, ok := num(doc, "minInstances"); !ok {
		low, byThroughput := num(doc, "minThroughput")
		doc["minInstances"] = 2
		if byThroughput {
			doc["minInstances"] = max(3, low/100)
		}
	}
	if high, ok := num(doc, "maxThroughput"); ok {
		defaults(doc, map[string]any{"maxInstances": max(4, high/100)})
	}
	throughput(doc)
}

// throughput completes a connector of instances with the bandwidth that the vendor shows for them too: 100 Mbit/s for
// each small machine. It leaves the larger ones alone, whose figures lie outside the range of the fields.
func throughput(doc world.Doc) {
	if str(doc, "machineType") == "e2-standard-4" {
		return
	}
	for instances, field := range map[string]string{"minInstances": "minThroughput", "maxInstances": "maxThroughput"} {
		if n, ok := num(doc, instances); ok {
			defaults(doc, map[string]any{field: 100 * n})
		}
	}
}

// connectorFails looks for what makes the create fail inside the operation, after the connector has come to be.
func (r *request) connectorFails(name string, doc world.Doc) *failure {
	if _, ok := num(doc, "maxInstances"); !ok {
		return &failure{3, "A Connector must specify either max_throughput or max_instances"}
	}
	subnet := connectorSubnet(name, doc)
	if failed := r.connectorAgentsFail(name, subnet); failed != nil {
		return failed
	}
	if subnet != "" {
		return r.subnetFails(subnet)
	}
	network := connectorNetwork(name, doc)
	netDoc, ok := r.get("networks", network)
	if !ok {
		return &failure{3, fmt.Sprintf("Network '%s' was not found.", network)}
	}
	prefix := netip.MustParsePrefix(str(doc, "ipCidrRange"))
	t, hit := overlapping(r.taken(network, netDoc), prefix)
	for _, route := range r.staticRoutes(network, netDoc) {
		// A route to a wider range does not hinder, as it does not hinder a subnet.
		if !hit && prefix.Bits() <= route.prefix.Bits() && prefix.Overlaps(route.prefix) {
			t, hit = route, true
		}
	}
	for addr, by := range r.addressesOn(network) {
		if !hit && prefix.Contains(addr) {
			t, hit = taken{prefix, "address", by}, true
		}
	}
	if hit {
		return &failure{3,
			fmt.Sprintf("Operation failed: Invalid IP CIDR range was provided. It conflicts with an existing %s "+
				"'%s'. Please "+
				"delete the connector manually.", t.what, base(t.name))}
	}
	return nil
}

// subnetFails: the subnet must be a free /28 of the connector's region.
func (r *request) subnetFails(subnet string) *failure {
	doc, ok := r.get("subnetworks", subnet)
	if !ok {
		return &failure{3, fmt.Sprintf("Subnet '%s' was not found.", subnet)}
	}
	if !strings.HasSuffix(str(doc, "ipCidrRange"), "/28") {
		return &failure{3, fmt.Sprintf("Subnet '%s' must have a netmask of /28.", subnet)}
	}
	if purpose := str(doc, "purpose"); purpose != "PRIVATE" {
		return &failure{3, fmt.Sprintf("Subnet '%s' has the purpose %s.", subnet, purpose)} // guess: the wording
	}
	by := subnetworkUser(r, subnet, nil)
	if by == "" {
		by = r.machineIn(doc)
	}
	if by != "" {
		return &failure{3, fmt.Sprintf("Subnet '%s' is used by '%s'.", subnet, by)}
	}
	return nil
}

// machineIn names a machine with an address of a subnetwork.
func (r *request) machineIn(subnet world.Doc) string {
	if machines := r.machinesIn(subnet); len(machines) > 0 {
		return machines[0]
	}
	return ""
}

func (r *request) machinesIn(subnet world.Doc) []string {
	prefix, err := netip.ParsePrefix(str(subnet, "ipCidrRange"))
	if err != nil {
		return nil
	}
	var out []string
	for e := range r.all("instances", "") {
		for _, nic := range objs(e.Doc, "networkInterfaces") {
			a, err := netip.ParseAddr(str(nic, "networkIP"))
			network := relative(str(nic, "network"), segment(e.Name, "projects"))
			if err == nil && prefix.Contains(a) && network == relative(str(subnet, "network"), "") {
				out = append(out, e.Name)
			}
		}
	}
	return out
}

func (r *request) connectorOperation(verb string, took time.Duration, doc world.Doc, failed *failure) world.Doc {
	response := map[string]any{"@type": "type.googleapis.com/google.protobuf.Empty"}
	if verb != "DeleteConnector" {
		response = without(doc)
		response["@type"], response["state"] = "type.googleapis.com/google.cloud.vpcaccess.v1.Connector", "READY"
	}
	return r.start(lro{took: took, ended: "endTime", response: response, failed: failed, metadata: map[string]any{
		"@type":  "type.googleapis.com/google.cloud.vpcaccess.v1.OperationMetadata",
		"method": "google.cloud.vpcaccess.v1beta1.VpcAccessService." + verb, "createTime": r.now(),
		"target": r.connectorName(),
	}})
}

func getConnector(r *request) (world.Doc, *refusal) {
	doc, ok := r.get("connectors", r.connectorName())
	if !ok {
		return nil, rpcNotFound("The connector is not found.")
	}
	r.connectedProjects(r.connectorName(), doc)
	return doc, nil
}

func listConnectors(r *request) (world.Doc, *refusal) {
	entries := slices.Collect(r.all("connectors", "projects/"+r.project+"/locations/"+r.region+"/connectors/"))
	of := listing{field: "connectors", sizeParameter: "pageSize", size: 100, view: r.connectedProjects}
	return r.rpcList(of, entries), nil
}

// connectedProjects lists the projects whose services and other workloads use the connector. No recorded connector has
// the field: a scenario can leave it out (noConnectedProjects).
func (r *request) connectedProjects(name string, doc world.Doc) {
	if !r.connected {
		return
	}
	var projects []string
	for _, user := range r.connectorUsers(name) {
		if p := projectOf(user); !slices.Contains(projects, p) {
			projects = append(projects, p)
		}
	}
	if len(projects) > 0 {
		doc["connectedProjects"] = projects
	}
}

// connectorUsers names whatever sends through a connector.
func (r *request) connectorUsers(name string) []string {
	return r.users(func(access map[string]any, of string) bool {
		return r.fullConnector(str(access, "connector"), of) == name
	})
}

// deleteConnector does not ask whether somebody still uses it: it goes under them, and what it leaves keeps the network
// from being deleted until they are detached.
func deleteConnector(r *request) (world.Doc, *refusal) {
	name := r.connectorName()
	doc, ok := r.get("connectors", name)
	if !ok {
		return nil, rpcNotFound("The connector is not found.")
	}
	if state := str(doc, "state"); state == "DELETING" || state == "CREATING" || state == "UPDATING" {
		// guess: the wording; the vendor refuses a second operation on one connector.
		return nil, &refusal{status: 400, reason: "", rpc: "FAILED_PRECONDITION",
			message: fmt.Sprintf("The connector is in state %s.", state)}
	}
	if failed := r.inside(); failed != nil {
		return r.connectorOperation("DeleteConnector", connectorDelete, doc, failed), nil
	}
	r.tx.Note(r.effect("connectors", name, nil), "delete")
	doc["state"] = "DELETING"
	r.tx.QuietPut(vendor, "connectors", name, doc)
	r.laterDelete(connectorDelete, "connectors", name)
	if len(r.connectorUsers(name)) > 0 {
		r.tx.QuietPut(vendor, "connectorLeftovers", name, world.Doc{"network": r.networkBehind(name, doc)})
	}
	return r.connectorOperation("DeleteConnector", connectorDelete, doc, nil), nil
}

// networkBehind is the network of a connector, also through its subnet.
func (r *request) networkBehind(name string, doc world.Doc) string {
	if subnet, ok := r.get("subnetworks", connectorSubnet(name, doc)); ok {
		return relative(str(subnet, "network"), "")
	}
	return connectorNetwork(name, doc)
}

// patchConnector: machine type, and instances upward only, both numbers together.
func patchConnector(r *request) (world.Doc, *refusal) {
	name := r.connectorName()
	doc, ok := r.get("connectors", name)
	if !ok {
		return nil, rpcNotFound("The connector is not found.")
	}
	if state := str(doc, "state"); state != "READY" {
		return nil, &refusal{status: 400, reason: "", rpc: "FAILED_PRECONDITION",
			message: fmt.Sprintf("The connector is in state %s.", state)}
	}
	mask := camelMask(r.query.Get("updateMask"))
	next := without(doc)
	for _, field := range mask {
		if !slices.Contains([]string{"machineType", "minInstances", "maxInstances", "minThroughput", "maxThroughput"},
			field) {
			return nil, rpcInvalid("Field %s of a connector cannot be updated.", field)
		}
		next[field] = r.body[field]
	}
	if len(mask) == 0 || slices.Contains(mask, "minInstances") != slices.Contains(mask, "maxInstances") {
		return nil, rpcInvalid("update_mask must name min_instances and max_instances together.")
	}
	for _, field := range []string{"minInstances", "maxInstances"} {
		before, _ := num(doc, field)
		if after, ok := num(next, field); !ok || after < before {
			return nil, rpcInvalid("%s can only be increased from %d.", field, before)
		}
	}
	if bad := checkConnector(next); bad != nil {
		return nil, bad
	}
	if failed := r.inside(); failed != nil {
		return r.connectorOperation("UpdateConnector", connectorPatch, doc, failed), nil
	}
	for _, field := range []string{"minThroughput", "maxThroughput"} { // they follow the instances
		if !slices.Contains(mask, field) {
			delete(next, field)
		}
	}
	throughput(next)
	next["state"] = "UPDATING"
	r.tx.Put(r.effect("connectors", name, nil), next)
	r.later(connectorPatch, "connectors", name, world.Doc{"state": "READY"})
	return r.connectorOperation("UpdateConnector", connectorPatch, next, nil), nil
}

// camelMask reads a field mask in either spelling.
func camelMask(mask string) []string {
	var out []string
	for _, path := range strings.Split(mask, ",") {
		words := strings.Split(strings.TrimSpace(path), "_")
		for i := range words[1:] {
			if w := words[i+1]; w != "" {
				words[i+1] = strings.ToUpper(w[:1]) + w[1:]
			}
		}
		if joined := strings.Join(words, ""); joined != "" {
			out = append(out, joined)
		}
	}
	return out
}

func listLocations(r *request) (world.Doc, *refusal) {
	var items []any
	for _, region := range []string{"europe-west1", "europe-west3", "us-central1", "us-east1"} {
		items = append(
			items, map[string]any{"name": "projects/" + r.project + "/locations/" + region, "locationId": region},
		)
	}
	return world.Doc{"locations": items}, nil
}
