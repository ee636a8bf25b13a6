package networktest

import (
	"context"
	"reflect"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/network"
)

type names struct{ w *World }

// Names gives the port.
func (w *World) Names() network.Names { return names{w} }

func zoneKey(project, zone string) string { return project + "/" + zone }

// PutZone places a zone or a response policy as it is, whoever made it.
func (w *World) PutZone(z network.Zone) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.zones[zoneKey(z.Project, z.Name)] = z
}

// AllZones lists the zones by name.
func (w *World) AllZones() []network.Zone {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []network.Zone
	for _, z := range w.zones {
		all = append(all, z)
	}
	slices.SortFunc(all, func(a, b network.Zone) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func (p names) Answering(ctx context.Context, project, vpc, host string) ([]network.Zone, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var found []network.Zone
	for _, z := range p.w.AllZones() {
		below := host == z.Host || strings.HasSuffix(host, "."+z.Host)
		if z.Project == project && below && slices.Contains(z.Networks, vpc) {
			found = append(found, z)
		}
	}
	slices.SortStableFunc(found, func(a, b network.Zone) int {
		if a.Policy != b.Policy {
			if a.Policy {
				return -1
			}
			return 1
		}
		return len(b.Host) - len(a.Host)
	})
	return found, nil
}

func (p names) Get(ctx context.Context, project, zone string) (network.Zone, error) {
	if err := ctx.Err(); err != nil {
		return network.Zone{}, err
	}
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	z, ok := p.w.zones[zoneKey(project, zone)]
	if !ok {
		return network.Zone{}, workers.ErrNotFound
	}
	z.Networks = slices.Clone(z.Networks)
	return z, nil
}

func (p names) Put(ctx context.Context, _ uuid.UUID, z network.Zone) error {
	return p.w.Act(ctx, "zones.put", z.Name, func() (func(), error) {
		key := zoneKey(z.Project, z.Name)
		have, ok := p.w.zones[key]
		z.Others = have.Others
		if ok && reflect.DeepEqual(have, z) {
			return nil, nil
		}
		p.w.zones[key] = z
		return done, nil
	})
}

func (p names) ClearRecord(ctx context.Context, _ uuid.UUID, z network.Zone) error {
	return p.w.Act(ctx, "zones.clear", z.Name, func() (func(), error) {
		key := zoneKey(z.Project, z.Name)
		have, ok := p.w.zones[key]
		if !ok || have.IP == "" || have.IP != z.IP {
			return nil, nil
		}
		have.IP, have.TTL, have.Networks = "", 0, nil
		p.w.zones[key] = have
		return done, nil
	})
}

func (p names) Delete(ctx context.Context, _ uuid.UUID, project, zone string) error {
	return p.w.Act(ctx, "zones.delete", zone, func() (func(), error) {
		key := zoneKey(project, zone)
		z, ok := p.w.zones[key]
		if !ok {
			return nil, nil
		}
		if z.IP != "" || z.Others > 0 {
			return nil, workers.Refuse("in-use", "zone %s is not empty", zone)
		}
		delete(p.w.zones, key)
		return done, nil
	})
}
