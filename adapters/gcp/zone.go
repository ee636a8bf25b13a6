package gcp

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"google.golang.org/api/dns/v1"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/network"
)

// zones keeps private DNS zones with one address record at their apex.
type zones struct{ *Client }

var _ network.Names = zones{}

// Names is the port to private DNS zones. Cloud DNS takes no request id: names are deterministic, and a change that
// repeats a deletion or an addition is refused by the vendor as a whole.
func (c *Client) Names() network.Names { return zones{c} }

const (
	private  = "private"
	owningNS = "NS"
)

// Get reads a zone and all its records. A list of the project's zones that the command has read tells the zone as well.
func (z zones) Get(ctx context.Context, project, name string) (network.Zone, error) {
	got, err := z.zone(ctx, project, name)
	if err != nil {
		return network.Zone{}, err
	}
	out := z.zoneOf(ctx, project, got)
	if err := z.records(ctx, &out); err != nil {
		return network.Zone{}, err
	}
	return out, nil
}

func (z zones) zone(ctx context.Context, project, name string) (*dns.ManagedZone, error) {
	if all, known := z.listed(ctx, project); known {
		i := slices.IndexFunc(all, func(one *dns.ManagedZone) bool { return one.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("get zone %s of %s: %w", name, project, workers.ErrNotFound)
		}
		return all[i], nil
	}
	got, err := z.dns.ManagedZones.Get(project, name).Context(ctx).Do()
	return got, z.fail(call{name: "managedZones.get"}, err)
}

func (c *Client) zoneOf(ctx context.Context, project string, got *dns.ManagedZone) network.Zone {
	return network.Zone{
		Project: project, Name: got.Name, Host: withoutDot(got.DnsName), Networks: c.networksOf(ctx, got),
		Owner: got.Description,
	}
}

func (c *Client) networksOf(ctx context.Context, z *dns.ManagedZone) []string {
	var out []string
	if z.PrivateVisibilityConfig != nil {
		for _, n := range z.PrivateVisibilityConfig.Networks {
			out = append(out, c.named(ctx, n.NetworkUrl))
		}
	}
	return out
}

// records fills in what is in the zone.
func (z zones) records(ctx context.Context, into *network.Zone) error {
	apex := into.Host + "."
	list := z.dns.ResourceRecordSets.List(into.Project, into.Name)
	err := list.Pages(ctx, func(page *dns.ResourceRecordSetsListResponse) error {
		for _, r := range page.Rrsets {
			switch {
			case r.Name == apex && (r.Type == "SOA" || r.Type == owningNS):
			case r.Name == apex && r.Type == "A" && len(r.Rrdatas) == 1:
				into.IP, into.TTL = r.Rrdatas[0], int(r.Ttl)
			default:
				into.Others++
			}
		}
		return nil
	})
	return z.fail(call{name: "resourceRecordSets.list"}, err)
}

// apex reads the A record at the zone's apex, nil when there is none.
func (z zones) apex(ctx context.Context, zone network.Zone) (*dns.ResourceRecordSet, error) {
	r, err := z.dns.ResourceRecordSets.Get(zone.Project, zone.Name, zone.Host+".", "A").Context(ctx).Do()
	if err = z.fail(call{name: "resourceRecordSets.get"}, err); errors.Is(err, workers.ErrNotFound) {
		return nil, nil
	}
	return r, err
}

// apexAmong reads it among all records of the zone, which the command has looked at right before; the vendor refuses to
// delete a record that is another by now.
func (z zones) apexAmong(ctx context.Context, zone network.Zone) (found *dns.ResourceRecordSet, err error) {
	list := z.dns.ResourceRecordSets.List(zone.Project, zone.Name)
	err = list.Pages(ctx, func(page *dns.ResourceRecordSetsListResponse) error {
		for _, r := range page.Rrsets {
			if r.Name == zone.Host+"." && r.Type == "A" {
				found = r
			}
		}
		return nil
	})
	if err = z.fail(call{name: "resourceRecordSets.list"}, err); errors.Is(err, workers.ErrNotFound) {
		return nil, nil
	}
	return found, err
}

// Put makes what is missing: the zone, which nobody sees yet, then the record, by one atomic change, then who sees it.
// A zone that is seen and has no record answers that there is no such name ("Name resolution order"), and cuts off
// whoever reached the name until then.
func (z zones) Put(ctx context.Context, _ uuid.UUID, want network.Zone) error {
	got, err := z.zone(ctx, want.Project, want.Name)
	var have *dns.ResourceRecordSet
	switch {
	case errors.Is(err, workers.ErrNotFound): // a new zone has no record but SOA and NS
		got, err = z.create(ctx, want)
	case err == nil:
		have, err = z.apex(ctx, want)
	}
	if err != nil {
		return err
	}
	if err := z.record(ctx, want, have); err != nil || sameSet(z.networksOf(ctx, got), want.Networks) {
		return err
	}
	return z.show(ctx, want, want.Networks)
}

// record makes the apex A record be as given; have is the one that is there.
func (z zones) record(ctx context.Context, want network.Zone, have *dns.ResourceRecordSet) error {
	record := &dns.ResourceRecordSet{Name: want.Host + ".", Type: "A", Ttl: int64(want.TTL), Rrdatas: []string{want.IP}}
	change := &dns.Change{Additions: []*dns.ResourceRecordSet{record}}
	if have != nil {
		if have.Ttl == record.Ttl && len(have.Rrdatas) == 1 && have.Rrdatas[0] == want.IP {
			return nil
		}
		change.Deletions = []*dns.ResourceRecordSet{plainRecord(have)}
	}
	return z.change(ctx, want, change)
}

// create makes a zone that no network sees: a private zone need not have one (gcloud dns managed-zones create: an empty
// --networks is for private zones without a binding).
func (z zones) create(ctx context.Context, want network.Zone) (*dns.ManagedZone, error) {
	got, err := z.dns.ManagedZones.Create(want.Project, &dns.ManagedZone{
		Name: want.Name, DnsName: want.Host + ".", Description: describe(want.Owner), Visibility: private,
		PrivateVisibilityConfig: visibleTo(nil),
	}).Context(ctx).Do()
	return got, z.fail(call{name: "managedZones.create", kind: writes}, err)
}

// describe: a zone must have a description, and an empty one is left out by the library.
func describe(owner string) string {
	if owner == "" {
		return " "
	}
	return owner
}

// show sets which networks see the zone.
func (z zones) show(ctx context.Context, zone network.Zone, to []string) error {
	patch := &dns.ManagedZone{PrivateVisibilityConfig: visibleTo(to)}
	_, err := z.dns.ManagedZones.Patch(zone.Project, zone.Name, patch).Context(ctx).Do()
	return z.fail(call{name: "managedZones.patch", kind: writes}, err)
}

// visibleTo names networks. A list without any is sent too, because a patch leaves what it does not name as it is.
func visibleTo(names []string) *dns.ManagedZonePrivateVisibilityConfig {
	out := &dns.ManagedZonePrivateVisibilityConfig{ForceSendFields: []string{"Networks"}}
	for _, n := range names {
		out.Networks = append(out.Networks, &dns.ManagedZonePrivateVisibilityConfigNetwork{NetworkUrl: networkURL(n)})
	}
	return out
}

// networkURL: Cloud DNS wants the full form (discovery document, networkUrl).
func networkURL(name string) string { return "https://www.googleapis.com/compute/v1/" + relative(name) }

// plainRecord is a record as a deletion wants it: name, type, TTL and data must match what is there.
func plainRecord(r *dns.ResourceRecordSet) *dns.ResourceRecordSet {
	return &dns.ResourceRecordSet{Name: r.Name, Type: r.Type, Ttl: r.Ttl, Rrdatas: r.Rrdatas}
}

func (z zones) change(ctx context.Context, zone network.Zone, change *dns.Change) error {
	done, err := z.dns.Changes.Create(zone.Project, zone.Name, change).Context(ctx).Do()
	if err != nil {
		return z.fail(call{name: "changes.create", kind: writes}, err)
	}
	if done.Status == "done" {
		return nil
	}
	return workers.WaitFor(Prefix+":dns/"+zone.Project+"/"+zone.Name+"/"+done.Id, z.paced(dnsPoll))
}

// ClearRecord removes the apex A record when it is as given; another's record stays. Before that no network sees the
// zone any more, so that the name is answered as if there were no zone, and never with nothing.
func (z zones) ClearRecord(ctx context.Context, _ uuid.UUID, zone network.Zone) error {
	have, err := z.apexAmong(ctx, zone)
	if err != nil || have == nil {
		return err
	}
	if len(have.Rrdatas) != 1 || have.Rrdatas[0] != zone.IP {
		return nil
	}
	if err := z.show(ctx, zone, nil); err != nil {
		return err
	}
	return gone(z.change(ctx, zone, &dns.Change{Deletions: []*dns.ResourceRecordSet{plainRecord(have)}}))
}

// Delete removes an empty zone; one with records is refused by the vendor ("not-empty").
func (z zones) Delete(ctx context.Context, _ uuid.UUID, project, name string) error {
	err := z.dns.ManagedZones.Delete(project, name).Context(ctx).Do()
	return gone(z.fail(call{name: "managedZones.delete", kind: writes, removes: true}, err))
}
