package privateservice

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/policy"
	"github.com/culvertnet/culvert/workers/routing"
)

// Postconditions says, from what every step's Look saw, what does not hold of the whole path: each step may be as it
// should while together they lead nowhere. It is pure.
func Postconditions(o saga.Outputs) []string {
	j := &judge{o: o}
	j.endpoint()
	j.announcements()
	j.names()
	j.egress()
	j.access()
	return j.failing
}

type judge struct {
	o  saga.Outputs
	ip string
	// unchecked is the service, where its invoker check is off.
	unchecked string
	failing   []string
}

func (j *judge) need(holds bool, format string, args ...any) {
	if !holds {
		j.failing = append(j.failing, fmt.Sprintf(format, args...))
	}
}

// each decodes what the Looks at all steps of a kind saw.
func each[Out any](j *judge, kind string, judge func(step string, out Out)) {
	for _, step := range j.o.Steps(kind) {
		var out Out
		err := j.o.Output(step, &out)
		j.need(err == nil, "%s: what was seen cannot be read: %v", step, err)
		if err == nil {
			judge(step, out)
		}
	}
}

// endpoint: the rule has the reserved address, and an attachment's producer has accepted it.
func (j *judge) endpoint() {
	each(j, network.KindReserveAddress, func(_ string, out network.ReserveAddressOut) { j.ip = out.IP })
	each(j, network.KindCreateEndpoint, func(step string, out network.CreateEndpointOut) {
		j.need(out.IP == j.ip, "%s: the endpoint answers at %s, the reserved address is %s", step, out.IP, j.ip)
		bundle := out.Target == "all-apis" || out.Target == "vpc-sc"
		j.need(bundle || out.Connection == "ACCEPTED", "%s: the producer's side is %s, not ACCEPTED", step,
			out.Connection)
	})
}

// announcements: every announced prefix holds the address, and every peer that should have learned it has.
func (j *judge) announcements() {
	each(j, routing.KindAnnounce, func(step string, out routing.AnnounceOut) {
		prefix, err := netip.ParsePrefix(out.Prefix)
		ip, errIP := netip.ParseAddr(j.ip)
		j.need(err == nil && errIP == nil && prefix.Contains(ip), "%s: %s does not hold the endpoint's address %s",
			step, out.Prefix, j.ip)
		for _, peer := range out.Sight.Peers {
			j.need(slices.Contains(out.Sight.Seen, peer), "%s: %s has not learned %s", step, peer, out.Prefix)
		}
	})
}

// names: the longest zone that answers is ours, and it answers with the address.
func (j *judge) names() {
	each(j, network.KindMapNames, func(step string, out network.MapNamesOut) {
		for _, z := range out.Zones {
			j.need(z.IP == j.ip, "%s: %s answers %s, the endpoint's address is %s", step, z.Host, z.IP, j.ip)
			j.need(z.Answers == "" || z.Answers == z.Zone, "%s: %s is answered by %s before our zone", step, z.Host,
				z.Answers)
		}
	})
}

// egress: the connector is ready, its range is the filter's source, the filter binds, and the service serves through
// it.
func (j *judge) egress() {
	source := ""
	each(j, egress.KindAttachConnector, func(step string, out egress.AttachConnectorOut) {
		source = out.CIDR
		j.need(out.State == "READY", "%s: the connector is %s", step, out.State)
	})
	each(j, policy.KindFilterEgress, func(step string, out policy.FilterEgressOut) {
		j.need(source == "" || out.Source == source, "%s: the filter binds %s, the connector has %s", step, out.Source,
			source)
		j.need(out.Void == "", "%s: the filter does not decide: %s", step, out.Void)
	})
	each(j, egress.KindBindService, func(step string, out egress.BindServiceOut) {
		j.unchecked = out.Unchecked
		j.need(out.Serving, "%s: the service does not yet serve with the binding", step)
	})
}

// access: whoever was granted can invoke, and nobody else.
func (j *judge) access() {
	each(j, egress.KindRestrictIngress, func(_ string, out egress.RestrictIngressOut) {
		j.unchecked = cmp.Or(j.unchecked, out.Unchecked)
	})
	each(j, egress.KindGrantInvoker, func(step string, out egress.GrantInvokerOut) {
		for _, member := range out.Added {
			j.need(slices.Contains(out.Have, member), "%s: %s has lost the invoker role", step, member)
		}
		j.need(j.unchecked == "", "%s: the invoker check of %s is off: whoever comes in may call", step, j.unchecked)
	})
}
