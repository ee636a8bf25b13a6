package least

// A Moment is one time of a way at which something is read as it is then, and what has its effect there.
type Moment struct {
	Name string
	// Reads are pages of lists and single things; Writes are effects, Waits their operations, each asked for once, and
	// logins: how many there are is a matter of time.
	Reads, Writes, Waits int
}

// Calls of the moment.
func (m Moment) Calls() int { return m.Reads + m.Writes + m.Waits }

// Sum of the calls of some moments.
func Sum(all []Moment) (n int) {
	for _, m := range all {
		n += m.Calls()
	}
	return n
}

// Timeless are the reads and writes of some moments.
func Timeless(all []Moment) (n int) {
	for _, m := range all {
		n += m.Reads + m.Writes
	}
	return n
}

// login begins a session with each controller: a token, and the login.
func login() Moment {
	return Moment{Name: "login", Waits: each("get_api_token", "avx-82", "avx-100").calls() +
		each("login", "avx-82", "avx-100").calls()}
}

// look is a moment without effects.
func look(name string, r reads) Moment { return Moment{Name: name, Reads: r.calls()} }

// effect is made of what is read right before, as many calls with an operation each, and what is read right after.
// A Cloud Run policy and a zone have no operation.
func effect(name string, before reads, writes, waits int, after reads) Moment {
	return Moment{name, before.calls() + after.calls(), writes, waits}
}

// The rules of the examples' filters: a group of names, one of addresses and the denial; a connector needs three more
// for its own infrastructure ("VPC with connectors", required firewall rules). A policy takes one change at a time.
const (
	rules          = 3
	connectorRules = 6
)

// The direct example's names, which are the function's two addresses at run.app.
func hosts() []string { return []string{"hashed", "numbered"} }

// ApplyDirect is the way of private-service.yaml, without what a speaker of BGP tells.
func ApplyDirect(w World) []Moment {
	names := each("resourceRecordSets.list", hosts()...)
	answered := w.zones().and(each("responsePolicies.list", "acme-net"))
	function := each("functions.get", "python-http-function")
	invokers := each("services.getIamPolicy", "python-http-function")
	router := each("routers.get", "edge-1")
	return []Moment{
		login(), look("checks", w.named().and(room(), quotas(), function)),
		effect("reserve-address", room(), 1, 1, each("globalAddresses.get", "made")),
		effect("create-endpoint", nil, 1, 1, each("globalForwardingRules.get", "made")),
		filter(rules),
		effect("announce", router, 1, 1, router.and(each("routers.getRouterStatus", home))),
		effect("grant-invoker", invokers.and(function), 1, 0, invokers),
		look("prove-reach", w.named()),
		effect("bind-service", function, 1, 1, function.and(each("services.get", "python-http-function"))),
		// A zone is made unseen, has its record, and is shown then: three calls, of which the record's is waited for.
		effect("map-names", answered, 3*len(hosts()), len(hosts()), answered.and(names)),
		look("proof", w.reach().and(names, function, invokers, each("globalAddresses.get", "made"),
			each("networkFirewallPolicies.get", "spoke-policy"))),
	}
}

// filter is made after a look whether it would be void, and which numbers are free; what is in force is read once more.
func filter(rules int) Moment {
	inForce := each("networks.getEffectiveFirewalls", "spoke-vpc").and(
		each("networkFirewallPolicies.get", "spoke-policy"))
	return effect("filter-egress", inForce.and(each("networks.get", "spoke-vpc")), rules, rules, inForce)
}

// WithdrawDirect is its way back. An undo reads what it takes away, and that it is gone, and a look confirms it.
func WithdrawDirect(w World) []Moment {
	named := each("functions.get", "python-http-function") // which service has the invokers
	function := named.and(each("services.get", "python-http-function"))
	invokers := each("services.getIamPolicy", "python-http-function")
	router := each("routers.get", "edge-1")
	own := w.ownZones().and(each("resourceRecordSets.list", hosts()...))
	return []Moment{
		look("checks", w.senders(home)),
		// Out of sight, the record away, and after its time to live the zone, unless others have records in it by then.
		effect("map-names", own, 2*len(hosts()), len(hosts()), nil),
		effect("map-names after the time to live", own, len(hosts()), 0, w.ownZones()),
		look("map-names confirmed", w.zones().and(each("responsePolicies.list", "acme-net"))),
		effect("grant-invoker", named.and(invokers), 1, 0, invokers), look("grant-invoker confirmed", invokers),
		effect("bind-service", function, 1, 1, function), look("bind-service confirmed", function),
		removal(rules), look("filter-egress confirmed", gone()),
		effect("announce", router, 1, 1, router),
		look("announce confirmed", router.and(each("routers.getRouterStatus", home))),
		object("globalForwardingRules.get"),
		look("create-endpoint confirmed", each("globalForwardingRules.get", "made")),
		object("globalAddresses.get"), look("reserve-address confirmed", each("globalAddresses.get", "made")),
	}
}

// ownZones are the zones of the connection: by name, or by the list where that is shorter.
func (w World) ownZones() reads {
	if listed := w.zones(); listed.calls() < len(hosts()) {
		return listed
	}
	return each("managedZones.get", hosts()...)
}

// gone tells that no policy of the project has rules of the filter: another one may have been on the network when it
// was made.
func gone() reads {
	return each("networkFirewallPolicies.get", "spoke-policy").and(each("networkFirewallPolicies.list", "acme-net"))
}

func removal(rules int) Moment {
	return effect("filter-egress", each("networkFirewallPolicies.get", "spoke-policy"), rules, rules, gone())
}

// object is one of the connection's own that is read, taken away and read.
func object(get string) Moment { return effect(get, each(get, "made"), 1, 1, each(get, "made")) }

// ApplyConnector is the way of private-service-connector.yaml.
func ApplyConnector(w World) []Moment {
	service, connector := each("services.get", "fn-0006"), each("connectors.get", "made")
	return []Moment{
		login(), look("checks", w.reach()),
		effect("attach-connector", nil, 1, 1, connector),
		filter(connectorRules),
		look("prove-reach", w.reach()),
		effect("bind-service", service, 1, 1, service),
		look("proof", w.reach().and(each("networkFirewallPolicies.get", "spoke-policy"))),
	}
}

// WithdrawConnector is its way back. Who uses the connector is asked again right before it goes.
func WithdrawConnector(w World) []Moment {
	service, connector := each("services.get", "fn-0006"), each("connectors.get", "made")
	users := connector.and(w.services(), each("revisions.list", "pinned"), each("functions.list", "acme-prod"),
		each("jobs.list", "acme-prod"), each("workerPools.list", "acme-prod"))
	return []Moment{
		look("checks", w.senders(home)),
		effect("bind-service", service, 1, 1, service), look("bind-service confirmed", service),
		removal(connectorRules), look("filter-egress confirmed", gone()),
		effect("attach-connector", users, 1, 1, connector), look("attach-connector confirmed", connector),
	}
}
