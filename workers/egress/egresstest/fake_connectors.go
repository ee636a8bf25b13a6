package egresstest

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/egress"
)

// subnetRange is what every /28 subnetwork of this world is: connectors by subnet read it as their range.
const subnetRange = "10.8.1.0/28"

// PutConnector places a connector as it is, whoever made it.
func (w *World) PutConnector(c egress.Connector) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.connectors[c.Name] = ranged(c)
}

// Connector reads a connector without the port.
func (w *World) Connector(name string) (egress.Connector, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, ok := w.connectors[name]
	return c, ok
}

// Get implements egress.Connectors.
func (w *World) Get(ctx context.Context, name string) (egress.Connector, error) {
	if err := ctx.Err(); err != nil {
		return egress.Connector{}, err
	}
	c, ok := w.Connector(name)
	if !ok {
		return egress.Connector{}, workers.ErrNotFound
	}
	return c, nil
}

// Create implements egress.Connectors. A connector that is there already is left as it is.
func (w *World) Create(ctx context.Context, _ uuid.UUID, c egress.Connector) error {
	return w.Act(ctx, "connectors.create", c.Name, func() (func(), error) {
		if _, ok := w.connectors[c.Name]; ok {
			return nil, nil
		}
		if c.Max == 0 {
			return nil, workers.Refuse("invalid", "a connector must specify max_instances")
		}
		c.State = "CREATING"
		w.connectors[c.Name] = ranged(c)
		return func() { w.state(c.Name, "READY") }, nil
	})
}

// Grow implements egress.Connectors.
func (w *World) Grow(ctx context.Context, _ uuid.UUID, c egress.Connector) error {
	return w.Act(ctx, "connectors.patch", c.Name, func() (func(), error) {
		have, ok := w.connectors[c.Name]
		switch {
		case !ok:
			return nil, workers.Refuse("invalid", "connector %s is not there", c.Name)
		case c.Min < have.Min || c.Max < have.Max:
			return nil, workers.Refuse("invalid", "instance limits can only go up")
		}
		if have.Min == c.Min && have.Max == c.Max && have.MachineType == c.MachineType {
			return nil, nil
		}
		have.State = "UPDATING"
		w.connectors[c.Name] = have
		return func() {
			have.Min, have.Max, have.MachineType, have.State = c.Min, c.Max, c.MachineType, "READY"
			w.connectors[c.Name] = have
		}, nil
	})
}

// Delete implements egress.Connectors.
func (w *World) Delete(ctx context.Context, _ uuid.UUID, name string) error {
	return w.Act(ctx, "connectors.delete", name, func() (func(), error) {
		if _, ok := w.connectors[name]; !ok {
			return nil, nil
		}
		w.state(name, "DELETING")
		return func() { delete(w.connectors, name) }, nil
	})
}

// Users implements egress.Connectors.
func (w *World) Users(ctx context.Context, name string, _ ...string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var users []string
	for ref, s := range w.services {
		if s.Binding.Connector == name {
			users = append(users, fullName(ref))
		}
	}
	slices.Sort(users)
	return users, nil
}

// fullName is the vendor's name of a service.
func fullName(ref egress.ServiceRef) string {
	kind := "services"
	if ref.Platform == "cloud-functions" {
		kind = "functions"
	}
	return strings.Join([]string{"projects", ref.Project, "locations", ref.Region, kind, ref.Name}, "/")
}

// state moves a connector that is still there.
func (w *World) state(name, state string) {
	if c, ok := w.connectors[name]; ok {
		c.State = state
		w.connectors[name] = c
	}
}

func ranged(c egress.Connector) egress.Connector {
	if c.Range = c.CIDR; c.Subnet != "" {
		c.Range = subnetRange
	}
	return c
}
