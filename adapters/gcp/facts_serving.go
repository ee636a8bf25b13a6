package gcp

import (
	"context"
	"slices"
	"strings"

	"cloud.google.com/go/compute/apiv1/computepb"
	"cloud.google.com/go/vpcaccess/apiv1/vpcaccesspb"
	"google.golang.org/api/run/v2"

	"github.com/culvertnet/culvert/events/reach"
)

// A servingService is a Cloud Run service with what is asked about it.
type servingService struct {
	*Client
	speller
	name    string
	service *run.GoogleCloudRunV2Service
}

const toLatest = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"

// sendsTo are the networks that the revisions with traffic or a tag send to. The template tells them only where all
// traffic goes to the latest revision and the latest is the one that was asked for.
func (s servingService) sendsTo(ctx context.Context, of source) reach.Listing[reach.Realm] {
	var ways []*run.GoogleCloudRunV2VpcAccess
	if s.settled() {
		if s.service.Template != nil {
			ways = append(ways, s.service.Template.VpcAccess)
		}
	} else {
		ways = s.revisions(ctx, &of)
	}
	var realms []reach.Realm
	for _, way := range ways {
		realms = append(realms, s.networkOf(ctx, way, &of))
	}
	return listing(of, common(realms, &of))
}

// common is the network that every serving revision sends to. One that only some send to is a gap: which of them
// answers a caller is a matter of traffic.
func common(realms []reach.Realm, of *source) (out []reach.Realm) {
	for _, realm := range slices.Compact(slices.Sorted(slices.Values(realms))) {
		switch {
		case realm == "":
		case slices.ContainsFunc(realms, func(o reach.Realm) bool { return o != realm }):
			of.lack(reach.MayChange, "only some of the serving revisions send to %s", realm)
		default:
			out = append(out, realm)
		}
	}
	return out
}

func (s servingService) settled() bool {
	return !s.service.Reconciling && s.service.Generation == s.service.ObservedGeneration &&
		base(s.service.LatestReadyRevision) == base(s.service.LatestCreatedRevision) &&
		!slices.ContainsFunc(s.service.TrafficStatuses, func(t *run.GoogleCloudRunV2TrafficTargetStatus) bool {
			return t.Type != toLatest
		})
}

// revisions are the ways of those that serve. Their list has no mark for what it lacks, so that each must be in it.
func (s servingService) revisions(ctx context.Context, of *source) (ways []*run.GoogleCloudRunV2VpcAccess) {
	list := paged(s.Client, s.source("revisions.list", s.name), func(take func([]*run.GoogleCloudRunV2Revision)) error {
		return s.run.Projects.Locations.Services.Revisions.List(s.name).PageSize(pageOfRun).
			Pages(ctx, func(p *run.GoogleCloudRunV2ListRevisionsResponse) error {
				take(p.Revisions)
				return nil
			})
	})
	of.add(list.source)
	for _, name := range s.serving() {
		i := slices.IndexFunc(list.items, func(r *run.GoogleCloudRunV2Revision) bool { return base(r.Name) == name })
		if i < 0 {
			if len(list.gaps) == 0 {
				of.lack(reach.ListNotWhole, "the revision %s serves and is in no list", name)
			}
			continue
		}
		ways = append(ways, list.items[i].VpcAccess)
	}
	return ways
}

// serving are the revisions that traffic goes to, and those that have a tag's address; and the one under way.
func (s servingService) serving() []string {
	names := []string{base(s.service.LatestReadyRevision), base(s.service.LatestCreatedRevision)}
	for _, t := range s.service.TrafficStatuses {
		names = append(names, base(t.Revision))
	}
	return slices.DeleteFunc(set(names), func(name string) bool { return name == "" })
}

// networkOf is the network that a revision sends to, "" when it sends to none.
func (s servingService) networkOf(ctx context.Context, way *run.GoogleCloudRunV2VpcAccess, of *source) reach.Realm {
	switch {
	case way == nil:
		return ""
	case way.Connector != "":
		return s.ofConnector(ctx, s.speller.name(way.Connector, of), of)
	case len(way.NetworkInterfaces) == 0:
		return ""
	}
	// The vendor takes one interface only.
	if direct := way.NetworkInterfaces[0]; direct.Network != "" {
		return reach.Realm(s.placed(direct.Network, "global/networks", of))
	}
	subnet := s.placed(way.NetworkInterfaces[0].Subnetwork, "regions/"+segment(s.name, "locations")+"/subnetworks", of)
	return s.ofSubnet(ctx, subnet, of)
}

func (s servingService) ofConnector(ctx context.Context, name string, of *source) reach.Realm {
	got := one(s.Client, s.source("connectors.get", name), func() (*vpcaccesspb.Connector, error) {
		return s.connectors.GetConnector(ctx, &vpcaccesspb.GetConnectorRequest{Name: name}, once())
	})
	of.add(got.source)
	if len(got.items) == 0 {
		return ""
	}
	c, project := got.items[0], segment(name, "projects")
	if subnet := c.GetSubnet(); subnet.GetName() != "" {
		if subnet.GetProjectId() != "" {
			project = subnet.GetProjectId()
		}
		return s.ofSubnet(ctx, s.speller.name(
			subnetRef{project, segment(name, "locations"), subnet.GetName()}.String(), of), of)
	}
	network := c.GetNetwork()
	if !strings.Contains(network, "/") {
		network = networkName(project, network)
	}
	return s.realm(network, of)
}

func (s servingService) ofSubnet(ctx context.Context, name string, of *source) reach.Realm {
	ref, err := splitSubnet(name)
	if err != nil {
		of.lack(reach.ListNotWhole, "the subnetwork %q was not understood", name)
		return ""
	}
	got := one(s.Client, s.source("subnetworks.get", name), func() (*computepb.Subnetwork, error) {
		req := &computepb.GetSubnetworkRequest{Project: ref.project, Region: ref.region, Subnetwork: ref.name}
		return s.subnetworks.Get(ctx, req, once())
	})
	of.add(got.source)
	if len(got.items) == 0 {
		return ""
	}
	return s.realm(got.items[0].GetNetwork(), of)
}
