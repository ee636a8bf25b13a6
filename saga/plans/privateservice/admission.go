package privateservice

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga/plans/operator"
	"github.com/culvertnet/culvert/workers/observe"
)

// Check reads the data of an apply intent whose schema is satisfied, fills the defaults in and admits it. The error is
// a *events.Refusal that lists every rule that is broken.
func Check(data json.RawMessage, tenant string, op operator.Config) (Payload, error) {
	p, err := Parse(data)
	if err != nil {
		return Payload{}, events.NewRefusal("/data", "payload", "%v", err)
	}
	if violations := Admit(p, tenant, op); len(violations) > 0 {
		return Payload{}, &events.Refusal{Violations: violations}
	}
	return p, nil
}

// Admit judges a payload with its defaults by the rules that a schema cannot say. It is pure: what depends on the world
// is left to the check steps. It lists every violation, in the payload's order.
func Admit(p Payload, tenant string, op operator.Config) []events.Violation {
	a := &admission{payload: p, tenant: tenant, operator: op}
	a.need(p.Ingress != nil || p.Egress != nil, "", "ingress-or-egress", "ask for ingress, egress or both")
	a.service(p.Service)
	if p.Ingress != nil {
		a.ingress(*p.Ingress)
	}
	if p.Egress != nil {
		a.egress(*p.Egress)
	}
	a.accept(p.Accept)
	return a.violations
}

// An admission is one run of Admit: the judge's notebook.
type admission struct {
	payload    Payload
	tenant     string
	operator   operator.Config
	violations []events.Violation
}

// need notes a violation unless the rule is kept. The field is a JSON pointer below /data.
func (a *admission) need(kept bool, field string, rule events.Rule, format string, args ...any) {
	if !kept {
		a.violations = append(
			a.violations, events.Violation{Field: "/data" + field, Rule: rule, Message: fmt.Sprintf(format, args...)},
		)
	}
}

func (a *admission) service(s Service) {
	a.need(s.Platform != AppEngine, "/service/platform", "platform",
		"App Engine services are not supported yet; cloud-run and cloud-functions are")
	if s.Platform == CloudFunctions {
		a.need(s.Generation == 2, "/service/generation", "generation",
			"functions of generation %d are not supported yet; those of generation 2 are", s.Generation)
	} else {
		a.need(s.Generation == 0, "/service/generation", "generation", "only functions have a generation")
	}
}

// CheckWithdrawal reads the data of a withdraw intent whose schema is satisfied and judges its consents. The error is a
// *events.Refusal.
func CheckWithdrawal(data json.RawMessage) (Withdrawal, error) {
	w, err := ParseWithdrawal(data)
	if err != nil {
		return Withdrawal{}, events.NewRefusal("/data", "payload", "%v", err)
	}
	var a admission
	a.accept(w.Accept)
	if len(a.violations) > 0 {
		return Withdrawal{}, &events.Refusal{Violations: a.violations}
	}
	return w, nil
}

// accept judges consents.
func (a *admission) accept(all []observe.Consent) {
	for i, c := range all {
		a.need(c.Grantable(), at("/accept", i)+"/cause", "accept-cause", "%q cannot be accepted; these can: %s",
			c.Cause, strings.Join(observe.Grantable(), ", "))
	}
}

// subnet judges a subnetwork's full name: a network and its subnetworks are in one project. region is where it must be,
// empty where any will do.
func (a *admission) subnet(field, full, region, because string) {
	r, ok := parseResource(full)
	if !ok {
		a.need(false, field, "subnet", "subnetwork %q is not projects/<project>/regions/<region>/subnetworks/<name>",
			full)
		return
	}
	a.need(r.project == a.payload.NetworkProject(), field, "subnet-project",
		"the subnetwork is in project %s, the network in %s", r.project, a.payload.NetworkProject())
	a.need(region == "" || r.region == region, field, "subnet-region", "the subnetwork is in %s, %s in %s", r.region,
		because, region)
}

// private are the ranges that a connector may stand on and that ICMP through a connector does not reach.
var private = []netip.Prefix{
	// RFC 1918
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), // RFC 6598
}

// within tells whether a range lies in one of the private ones.
func within(p netip.Prefix) bool {
	return slices.ContainsFunc(
		private, func(r netip.Prefix) bool { return r.Bits() <= p.Bits() && r.Contains(p.Addr()) },
	)
}

// touches tells whether a range shares an address with one of the private ones.
func touches(p netip.Prefix) bool {
	return slices.ContainsFunc(private, p.Overlaps)
}

// count tells how many of its arguments are true.
func count(set ...bool) int {
	n := 0
	for _, s := range set {
		if s {
			n++
		}
	}
	return n
}
