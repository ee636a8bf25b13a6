package privateservice

import (
	"slices"
	"strings"
	"time"
)

// The defaults that are numbers or words; what follows from other fields is in withDefaults.
const (
	defaultTTL          = Duration(60 * time.Second)
	defaultMinInstances = 2
	defaultMaxInstances = 3
	defaultMachineType  = "e2-micro"
	defaultGeneration   = 2
	zonePerHost         = "per-host"
	filterDeny          = "deny"
)

// withDefaults says what an intent left out, and brings names into the one spelling in which they are compared: lower
// case (Aviatrix has stored names case-insensitively since AVX-23725; DNS always has). It changes nothing of its
// receiver.
func (p Payload) withDefaults() Payload {
	or(&p.OnWithdraw, Retain)
	if p.Service.Platform == CloudFunctions {
		or(&p.Service.Generation, defaultGeneration)
	}
	if p.Ingress != nil {
		in := p.Ingress.withDefaults()
		p.Ingress = &in
	}
	if p.Egress != nil {
		out := p.Egress.withDefaults()
		p.Egress = &out
	}
	return p
}

func (in Ingress) withDefaults() Ingress {
	if in.Target.ServiceAttachment != "" {
		or(&in.Endpoint, OwnEndpoint)
	}
	or(&in.Endpoint, SharedEndpoint)
	or(&in.Advertise, HostRoute)
	or(&in.PublicAccess, KeepPublic)
	or(&in.SourceNat, NoSourceNat)
	if in.Names != nil {
		names := *in.Names
		or(&names.Zone, zonePerHost)
		or(&names.TTL, defaultTTL)
		if len(names.VisibleTo) == 0 {
			names.VisibleTo = []Visibility{ToNetwork}
		}
		names.Hostnames.List = slices.Clone(names.Hostnames.List)
		for i, host := range names.Hostnames.List {
			names.Hostnames.List[i] = strings.ToLower(host)
		}
		in.Names = &names
	}
	return in
}

func (e Egress) withDefaults() Egress {
	if e.Connector != nil && e.Connector.Existing == "" {
		c := *e.Connector
		or(&c.MinInstances, defaultMinInstances)
		// One more than the least where that is above the default: equal numbers are refused by the vendor.
		or(&c.MaxInstances, max(defaultMaxInstances, c.MinInstances+1))
		or(&c.MachineType, defaultMachineType)
		e.Connector = &c
	}
	if e.Filter != nil {
		f := *e.Filter
		or(&f.Default, filterDeny)
		f.Allow = slices.Clone(f.Allow)
		for i := range f.Allow {
			f.Allow[i].FQDN = strings.ToLower(f.Allow[i].FQDN)
		}
		e.Filter = &f
		or(&e.VPCEgress, AllTraffic) // a filter sees only what passes it
	}
	or(&e.VPCEgress, PrivateRangesOnly) // the vendor's own default
	return e
}

// or sets a field that is not set.
func or[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
