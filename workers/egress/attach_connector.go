package egress

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers"
)

// attachConnector makes a connector of the connection's own, or uses one that exists and stays somebody else's. The
// vendor has no field for an owner: the name, which nobody else computes, and the journal prove it.
type attachConnector struct{ Drivers }

// Do adopts the connector that the name has, lets it grow, clears away one that failed, or creates it.
func (s attachConnector) Do(
	ctx context.Context, run workers.Run, in AttachConnectorIn, _ *AttachConnectorOut,
) (AttachConnectorOut, error) {
	if _, err := s.ownership(run).Begin(ctx, run); err != nil {
		return AttachConnectorOut{}, err
	}
	if in.Existing != "" {
		return s.use(ctx, in.Existing)
	}
	want := in.connector(run.Name)
	have, err := s.Connectors.Get(ctx, want.Name)
	switch {
	case errors.Is(err, workers.ErrNotFound):
		err = s.Connectors.Create(ctx, run.RequestID, want)
	case err != nil:
	case have.State == "DELETING":
		err = workers.Wait("removing", 0)
	case want.foreign(have) != "":
		err = workers.Refuse("foreign", "adopt connector %s: %s", want.Name, want.foreign(have))
	case have.State == "ERROR": // a failed creation blocks the name until it is deleted (gcp.md 3.3)
		if err = s.erase(ctx, run, want.Name); err == nil {
			err = workers.Wait("clearing", 0)
		}
	case have.State != "READY":
		err = workers.Wait(events.ReasonState(have.State), 0)
	case want.grown(have) != have:
		err = s.Connectors.Grow(ctx, run.RequestID, want.grown(have))
	default:
		return connectorOut(have), nil
	}
	if err != nil {
		return AttachConnectorOut{}, err
	}
	return s.serving(ctx, want)
}

// serving reads a connector back. READY may lag the operation that is done.
func (s attachConnector) serving(ctx context.Context, want Connector) (AttachConnectorOut, error) {
	have, err := s.Connectors.Get(ctx, want.Name)
	if err != nil && !errors.Is(err, workers.ErrNotFound) {
		return AttachConnectorOut{}, err
	}
	if err != nil || have.State != "READY" || want.grown(have) != have || have.Range == "" {
		return AttachConnectorOut{}, workers.Wait("not-yet-ready", 0)
	}
	return connectorOut(have), nil
}

// use takes a connector that is not ours as it is.
func (s attachConnector) use(ctx context.Context, name string) (AttachConnectorOut, error) {
	have, err := s.readyConnector(ctx, name)
	if err != nil {
		return AttachConnectorOut{}, err
	}
	return connectorOut(have), nil
}

// readyConnector reads a connector that carries traffic.
func (d Drivers) readyConnector(ctx context.Context, name string) (Connector, error) {
	have, err := d.Connectors.Get(ctx, name)
	switch {
	case errors.Is(err, workers.ErrNotFound):
		return have, workers.Refuse("not-found", "connector %s is not there", name)
	case err != nil:
		return have, err
	case have.State == "CREATING" || have.State == "UPDATING":
		return have, workers.Wait(events.ReasonState(have.State), 0)
	case have.State != "READY":
		return have, workers.Refuse("not-ready", "connector %s is in the state %s", name, have.State)
	}
	return have, nil
}

// source is where the connector's packets come from.
func (c Connector) source() Source {
	kind := reach.RangeConnector
	if c.Subnet != "" {
		kind = reach.SubnetConnector
	}
	return Source{CIDR: c.Range, Kind: kind}
}

// connector is the connector to be. Both limits are always sent: the vendor's default fails inside the operation.
func (in AttachConnectorIn) connector(id string) Connector {
	c := Connector{
		Name:    "projects/" + in.Project + "/locations/" + in.Region + "/connectors/" + id,
		Network: in.Network, CIDR: in.CIDR, Min: in.Min, Max: in.Max, MachineType: in.MachineType,
	}
	if in.Subnet != "" {
		parts := strings.Split(in.Subnet, "/")
		c.Subnet, c.Network, c.CIDR = parts[len(parts)-1], "", ""
		if len(parts) > 1 {
			c.SubnetProject = parts[1]
		}
	}
	return c
}

// foreign says why a connector under our name was not made by this step: what is immutable differs.
func (c Connector) foreign(have Connector) string {
	switch {
	case c.Subnet != "" && (have.Subnet != c.Subnet || have.SubnetProject != c.SubnetProject):
		return fmt.Sprintf("it is in the subnet %q of %q", have.Subnet, have.SubnetProject)
	case c.Subnet == "" && have.CIDR != c.CIDR:
		return fmt.Sprintf("its range is %q", have.CIDR)
	case c.Subnet == "" && have.Network != c.Network:
		return fmt.Sprintf("its network is %q", have.Network)
	}
	return ""
}

// grown is the connector that is there, with limits at least as wanted and the wanted machine type. Limits only go up:
// a change that is taken back leaves the larger ones, which serve as well.
func (c Connector) grown(have Connector) Connector {
	have.Min, have.Max = max(have.Min, c.Min), max(have.Max, c.Max)
	if c.MachineType != "" {
		have.MachineType = c.MachineType
	}
	return have
}

// connectorOut tells the connector. Its network tag is "vpc-connector-REGION-ID" (Connecting to a VPC network).
func connectorOut(c Connector) AttachConnectorOut {
	parts := strings.Split(c.Name, "/")
	out := AttachConnectorOut{Name: c.Name, ID: parts[len(parts)-1], CIDR: c.Range, State: c.State}
	if len(parts) == 6 {
		out.Tag = "vpc-connector-" + parts[3] + "-" + out.ID
	}
	return out
}

// Look compares the connector. One that is not ours is only present to us while we use it.
func (s attachConnector) Look(
	ctx context.Context, run workers.Run, in AttachConnectorIn, _ *AttachConnectorOut,
) (workers.Seen[AttachConnectorOut], error) {
	var seen workers.Seen[AttachConnectorOut]
	_, lasts, err := s.ownership(run).Look(ctx, run)
	if err != nil {
		return seen, err
	}
	want := in.connector(run.Name)
	if in.Existing != "" {
		want = Connector{Name: in.Existing}
	}
	have, err := s.Connectors.Get(ctx, want.Name)
	there := err == nil
	if !there && !errors.Is(err, workers.ErrNotFound) {
		return seen, err
	}
	var strange string
	if there {
		seen.Out = connectorOut(have)
		if in.Existing == "" {
			strange = want.foreign(have)
		}
	}
	switch {
	case !there && lasts:
		seen.Presence, seen.Detail = events.Different, "connector "+want.Name+" is claimed, but not there"
	case !there, !lasts && in.Existing != "": // there, but nothing of ours is in it
		seen.Presence = events.Absent
	case !lasts && strange != "":
		seen.Presence, seen.Detail = events.Foreign, strange
	case strange != "":
		seen.Presence, seen.Detail = events.Different, strange
	case have.State != "READY":
		seen.Presence, seen.Detail = events.Different, "the state of connector "+have.Name+" is "+have.State
	case want.grown(have) != have || !lasts:
		seen.Presence, seen.Detail = events.Different, fmt.Sprintf("%d to %d instances of %s", have.Min, have.Max,
			have.MachineType)
	default:
		seen.Presence = events.Present
	}
	return seen, nil
}

// Undo deletes our connector and reads back that it is gone. One that somebody uses is refused with the user's name:
// deleting it would cut that service off, and block the deletion of the network later.
func (s attachConnector) Undo(
	ctx context.Context, run workers.Run, in AttachConnectorIn, _ *AttachConnectorOut,
) (workers.Undone, error) {
	if in.Existing == "" {
		if err := s.remove(ctx, run, in); err != nil {
			return workers.Undone{}, err
		}
	}
	return workers.Undone{}, s.ownership(run).End(ctx, run)
}

func (s attachConnector) remove(ctx context.Context, run workers.Run, in AttachConnectorIn) error {
	want := in.connector(run.Name)
	have, err := s.Connectors.Get(ctx, want.Name)
	switch {
	case errors.Is(err, workers.ErrNotFound):
		return nil
	case err != nil:
		return err
	case want.foreign(have) != "":
		return nil
	case have.State != "READY" && have.State != "ERROR":
		return workers.Wait(events.ReasonState(have.State), 0)
	}
	if err := s.erase(ctx, run, want.Name); err != nil {
		return err
	}
	if _, err = s.Connectors.Get(ctx, want.Name); err == nil {
		return workers.Wait("removing", 0)
	} else if errors.Is(err, workers.ErrNotFound) {
		return nil
	}
	return err
}

// erase deletes a connector that nobody uses, also one in the state ERROR: what sends by it would lose its way out, and
// the network could not be deleted later.
func (s attachConnector) erase(ctx context.Context, run workers.Run, name string) error {
	users, err := s.Connectors.Users(ctx, name)
	if err != nil {
		return err
	}
	if len(users) > 0 {
		return workers.Refuse("in-use", "connector %s is used by %s", name, strings.Join(users, ", "))
	}
	return s.Connectors.Delete(ctx, run.RequestID, name)
}
