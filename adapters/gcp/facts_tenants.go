package gcp

import (
	"context"
	"slices"
	"strings"

	"cloud.google.com/go/compute/apiv1/computepb"
	cloudfunctions "google.golang.org/api/cloudfunctions/v2"
	"google.golang.org/api/run/v2"

	"github.com/culvertnet/culvert/events/reach"
)

// A workload is something serverless with a way into a network: a service, or a revision of one that serves besides the
// latest, a job, a worker pool, or a function of the 1st generation.
type workload struct {
	name string
	way  *run.GoogleCloudRunV2VpcAccess
}

// ofWorkloads reads who may send from a range without an address of its own. A function of the 2nd generation shows as
// the service behind it. App Engine's versions and Cloud Run's instances are not read.
//
// Services of projects that are not in question may stand in a Shared VPC as well: those projects are to be named.
func (r *survey) ofWorkloads(ctx context.Context) (reads []func()) {
	parents := r.locations()
	r.workloads = make([]told[workload], 4*len(parents))
	for i, parent := range parents {
		for j, read := range []func(context.Context, string) told[workload]{r.servicesIn, r.jobsIn, r.poolsIn,
			r.functionsIn} {
			reads = append(reads, func() { r.workloads[4*i+j] = read(ctx, parent) })
		}
	}
	return reads
}

// servicesIn are services by their template, and by each revision that serves where that may be another one.
func (r *survey) servicesIn(ctx context.Context, parent string) told[workload] {
	list := told[*run.GoogleCloudRunV2Service]{source: r.source("services.list", parent)}
	list.failed(r.Client, r.run.Projects.Locations.Services.List(parent).PageSize(pageOfRun).
		Pages(ctx, func(p *run.GoogleCloudRunV2ListServicesResponse) error {
			list.items = append(list.items, p.Services...)
			for _, place := range p.Unreachable {
				list.lack(reach.ListNotWhole, "%s could not be reached", place)
			}
			return nil
		}))
	out := told[workload]{source: list.source}
	for _, s := range list.items {
		if s.Template != nil {
			out.items = append(out.items, workload{s.Name, s.Template.VpcAccess})
		}
		if one := (servingService{r.Client, r.speller, s.Name, s}); !one.settled() {
			for _, way := range one.revisions(ctx, &out.source) {
				out.items = append(out.items, workload{s.Name, way})
			}
		}
	}
	return out
}

func (r *survey) jobsIn(ctx context.Context, parent string) told[workload] {
	return paged(r.Client, r.source("jobs.list", parent), func(take func([]workload)) error {
		return r.run.Projects.Locations.Jobs.List(parent).PageSize(pageOfRun).
			Pages(ctx, func(p *run.GoogleCloudRunV2ListJobsResponse) error {
				for _, j := range p.Jobs {
					if j.Template != nil && j.Template.Template != nil {
						take([]workload{{j.Name, j.Template.Template.VpcAccess}})
					}
				}
				return nil
			})
	})
}

func (r *survey) poolsIn(ctx context.Context, parent string) told[workload] {
	return paged(r.Client, r.source("workerPools.list", parent), func(take func([]workload)) error {
		return r.run.Projects.Locations.WorkerPools.List(parent).PageSize(pageOfRun).
			Pages(ctx, func(p *run.GoogleCloudRunV2ListWorkerPoolsResponse) error {
				for _, w := range p.WorkerPools {
					if w.Template != nil {
						take([]workload{{w.Name, w.Template.VpcAccess}})
					}
				}
				return nil
			})
	})
}

// functionsIn are functions without a service behind them.
func (r *survey) functionsIn(ctx context.Context, parent string) told[workload] {
	out := told[workload]{source: r.source("functions.list", parent)}
	out.failed(r.Client, r.functions.Projects.Locations.Functions.List(parent).
		Pages(ctx, func(p *cloudfunctions.ListFunctionsResponse) error {
			for _, place := range p.Unreachable {
				out.lack(reach.ListNotWhole, "%s could not be reached", place)
			}
			for _, f := range p.Functions {
				if c := f.ServiceConfig; c != nil && c.Service == "" && c.VpcConnector != "" {
					out.items = append(out.items, workload{f.Name, &run.GoogleCloudRunV2VpcAccess{
						Connector: c.VpcConnector, Egress: c.VpcConnectorEgressSettings}})
				}
			}
			return nil
		}))
	return out
}

// tenants are the workloads that send into the network, with the whole range of which they may have any address.
func (r *survey) tenants() reach.Listing[reach.Interface] {
	list := joined("services.list", r.network, r.workloads...)
	own := r.ownSubnets()
	list.add(own.source)
	var out []reach.Interface
	for _, w := range list.items {
		if w.way == nil {
			continue
		}
		who := reach.Identity{Name: r.name(w.name, &list.source), Region: segment(w.name, "locations"),
			PrivateRangesOnly: privateOnly(w.way.Egress)}
		if w.way.Connector != "" {
			out = append(out, r.byConnector(w.way.Connector, who, own, &list.source)...)
			continue
		}
		for _, nic := range w.way.NetworkInterfaces {
			out = append(out, r.byInterface(nic, who, own, &list.source)...)
		}
	}
	return listing(list.source, out)
}

// privateOnly is the vendor's default: only private ranges enter the network (discovery documents of run/v2 and
// cloudfunctions/v2).
func privateOnly(egress string) bool { return !strings.HasSuffix(egress, "ALL_TRAFFIC") }

// byConnector is a workload behind a connector. A connector that no list shows may be in this network.
func (r *survey) byConnector(
	link string, who reach.Identity, own told[*computepb.Subnetwork], of *source,
) []reach.Interface {
	name := r.placed(link, "projects/"+segment(who.Name, "projects")+"/locations/"+who.Region+"/connectors", of)
	who.Tags = []string{"vpc-connector", "vpc-connector-" + segment(name, "locations") + "-" + base(name)}
	for _, list := range r.hidden {
		for _, c := range list.items {
			if r.name(c.GetName(), of) != name {
				continue
			}
			if subnet := c.GetSubnet().GetName(); subnet != "" {
				who.Kind = reach.SubnetConnector
				return r.inSubnet(subnet, segment(name, "locations"), who, own, of)
			}
			if !r.connectorHere(c, of) {
				return nil
			}
			who.Kind = reach.RangeConnector
			return []reach.Interface{{Addresses: of.ranges(name, c.GetIpCidrRange()), Who: who}}
		}
	}
	of.lack(reach.ListNotWhole, "%s sends by the connector %s, which no list shows", who.Name, name)
	return nil
}

// byInterface is a workload with a direct interface. One without a subnetwork is in that of the network's own name, one
// without a network in the subnetwork's (discovery document of run/v2, NetworkInterface).
func (r *survey) byInterface(
	nic *run.GoogleCloudRunV2NetworkInterface, who reach.Identity, own told[*computepb.Subnetwork], of *source,
) []reach.Interface {
	home := "projects/" + segment(who.Name, "projects") + "/global/networks"
	if nic.Network != "" && r.placed(nic.Network, home, of) != r.network {
		return nil
	}
	subnet := nic.Subnetwork
	if subnet == "" {
		subnet = base(r.network)
	}
	who.Kind, who.Tags = reach.DirectEgress, nic.Tags
	return r.inSubnet(subnet, who.Region, who, own, of)
}

// inSubnet is a sender in a subnetwork of the network, none in one of another network.
func (r *survey) inSubnet(
	name, region string, who reach.Identity, own told[*computepb.Subnetwork], of *source,
) []reach.Interface {
	i := slices.IndexFunc(own.items, func(s *computepb.Subnetwork) bool {
		full := r.subnetName(s, of)
		return base(name) == base(full) && base(s.GetRegion()) == region &&
			(base(name) == name || r.name(name, of) == full)
	})
	if i < 0 {
		return nil
	}
	s := own.items[i]
	return []reach.Interface{{Who: who, Addresses: of.ranges(s.GetName(), s.GetIpCidrRange(),
		s.GetExternalIpv6Prefix(), s.GetInternalIpv6Prefix(), s.GetIpv6CidrRange())}}
}
