package gcp

import (
	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/culvertnet/culvert/events/reach"
)

// ownRule translates a VPC firewall rule.
//
// Discovery document of compute/v1, Firewall: priority 1000 and INGRESS by default; ranges, tags and accounts of the
// source are alternatives; page "VPC firewall rules": without any source or destination the rule is about 0.0.0.0/0.
func (r *survey) ownRule(got *computepb.Firewall) reach.Rule {
	out := reach.Rule{
		Object: "projects/" + r.project + "/global/firewalls/" + got.GetName(), Priority: 1000,
		In: got.GetDirection() != outward, Act: reach.Allow, Disabled: got.GetDisabled(),
		Target: reach.Target{Tags: got.GetTargetTags(), Accounts: got.GetTargetServiceAccounts()},
	}
	if got.Priority != nil {
		out.Priority = int64(got.GetPriority())
	}
	out.Target.All = len(out.Target.Tags) == 0 && len(out.Target.Accounts) == 0
	src, dst := unknowns{object: out.Object}, unknowns{object: out.Object}
	out.Src = reach.Peer{Ranges: src.ranges(got.GetSourceRanges()), Tags: got.GetSourceTags(),
		Accounts: got.GetSourceServiceAccounts()}
	out.Dst = reach.Peer{Ranges: dst.ranges(got.GetDestinationRanges())}
	bySource := len(got.GetSourceRanges())+len(out.Src.Tags)+len(out.Src.Accounts) > 0
	switch {
	case out.In && !bySource:
		out.Src.Ranges = everyIPv4()
	case !bySource:
		out.Src.Ranges = reach.EveryAddress()
	}
	switch {
	case len(got.GetDestinationRanges()) > 0:
	case out.In:
		out.Dst.Ranges = reach.EveryAddress()
	default:
		out.Dst.Ranges = everyIPv4()
	}
	for _, l := range got.GetAllowed() {
		out.Layer4 = append(out.Layer4, dst.layer4(l.GetIPProtocol(), l.GetPorts()))
	}
	if len(got.GetDenied()) > 0 {
		out.Act = reach.Deny
	}
	for _, l := range got.GetDenied() {
		out.Layer4 = append(out.Layer4, dst.layer4(l.GetIPProtocol(), l.GetPorts()))
	}
	out.Src.Unread, out.Dst.Unread = src.gaps, dst.gaps
	return out
}

// unknowns are parts of a rule that were not understood. The rule may then fit more than what it says.
type unknowns struct {
	object string
	gaps   []reach.Gap
}

func (u *unknowns) add(cause reach.Cause, why string) {
	u.gaps = append(u.gaps, reach.Gap{Cause: cause, Object: u.object, Why: why})
}

func (u *unknowns) ranges(texts []string) reach.Ranges {
	out, bad := rangesOf(texts)
	for _, text := range bad {
		u.add(reach.ListNotWhole, "the range "+text+" was not understood")
	}
	return out
}

func (u *unknowns) layer4(protocol string, ports []string) reach.Layer4 {
	out, err := layer4Of(protocol, ports)
	if err != nil {
		u.add(reach.ListNotWhole, err.Error())
		return reach.EveryProtocol()
	}
	return out
}
