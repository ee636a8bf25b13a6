package gcp

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"
	"google.golang.org/api/vpcaccess/v1"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/egress"
)

// connectors keeps Serverless VPC Access connectors. The API takes no request id and has no field for an owner.
type connectors struct{ *Client }

var _ egress.Connectors = connectors{}

// Connectors is the port to Serverless VPC Access connectors.
func (c *Client) Connectors() egress.Connectors { return connectors{c} }

// Get reads one. The vendor names the network and the subnet shortly.
func (c connectors) Get(ctx context.Context, name string) (egress.Connector, error) {
	got, err := c.read(ctx, name)
	if err != nil {
		return egress.Connector{}, err
	}
	out := egress.Connector{
		Name: name, CIDR: got.IpCidrRange, Min: int(got.MinInstances), Max: int(got.MaxInstances),
		MachineType: got.MachineType, State: got.State,
	}
	project := segment(name, "projects")
	if got.Network != "" {
		out.Network = networkName(project, base(got.Network))
	}
	out.Range = out.CIDR
	if got.Subnet != nil && got.Subnet.Name != "" {
		// The subnet form: what else the vendor fills in follows from the subnet.
		out.Subnet, out.SubnetProject = got.Subnet.Name, got.Subnet.ProjectId
		out.Network, out.CIDR = "", ""
		if out.SubnetProject == "" {
			out.SubnetProject = project
		}
		s, err := c.subnet(ctx, subnetRef{out.SubnetProject, segment(name, "locations"), out.Subnet})
		if err != nil && !errors.Is(err, workers.ErrNotFound) { // a connector in ERROR may name a subnet that is not there
			return egress.Connector{}, err
		}
		out.Range = ""
		if err == nil {
			out.Range = canonical(s.GetIpCidrRange())
		}
	}
	return out, nil
}

func (c connectors) read(ctx context.Context, name string) (*vpcaccess.Connector, error) {
	got, err := c.connectors.Projects.Locations.Connectors.Get(name).Context(ctx).Do()
	return got, c.fail(call{name: "connectors.get"}, err)
}

// Create starts one. Both instance limits are always sent: without a maximum the operation fails at its end and leaves a
// connector in ERROR.
func (c connectors) Create(ctx context.Context, _ uuid.UUID, want egress.Connector) error {
	parent, id, ok := strings.Cut(want.Name, "/connectors/")
	if !ok {
		return workers.Refuse("invalid", "connector %q is not projects/P/locations/R/connectors/C", want.Name)
	}
	body := &vpcaccess.Connector{
		IpCidrRange: want.CIDR, MinInstances: int64(want.Min), MaxInstances: int64(want.Max), MachineType: want.MachineType,
	}
	if want.Subnet != "" {
		body.Subnet = &vpcaccess.Subnet{Name: base(want.Subnet), ProjectId: want.SubnetProject}
	} else {
		// The field is a name inside the connector's own project; a shared VPC is reached by a subnet only.
		project, network, err := splitNetwork(want.Network)
		if err != nil {
			return err
		}
		if own := segment(want.Name, "projects"); own != project {
			return workers.Refuse("invalid", "connector %s: network %s is of another project, which needs a subnet", id, want.Network)
		}
		body.Network = network
	}
	op, err := c.connectors.Projects.Locations.Connectors.Create(parent, body).ConnectorId(id).Context(ctx).Do()
	return c.follow("connectors.create", op, err)
}

// follow turns the answer of a connector's mutation into the port's. Every call of the API starts an operation.
func (c connectors) follow(name string, op *vpcaccess.Operation, err error) error {
	if err != nil {
		return c.fail(call{name: name, kind: writes}, err)
	}
	return c.settle(Prefix+":vpcaccess/"+op.Name, connectorPoll, connectorOperation(op))
}

func connectorOperation(op *vpcaccess.Operation) lro {
	o := lro{done: op.Done}
	if op.Error != nil {
		o.code, o.message = op.Error.Code, op.Error.Message
	}
	return o
}

// Grow sends what differs. Minimum and maximum go together or not at all, and only upward.
func (c connectors) Grow(ctx context.Context, _ uuid.UUID, want egress.Connector) error {
	got, err := c.read(ctx, want.Name)
	if err != nil {
		return absent(err)
	}
	if int64(want.Min) < got.MinInstances || int64(want.Max) < got.MaxInstances {
		return workers.Refuse("immutable", "connector %s has %d to %d instances and cannot shrink to %d to %d",
			base(want.Name), got.MinInstances, got.MaxInstances, want.Min, want.Max)
	}
	body, mask := &vpcaccess.Connector{}, []string{}
	if int64(want.Min) != got.MinInstances || int64(want.Max) != got.MaxInstances {
		body.MinInstances, body.MaxInstances = int64(want.Min), int64(want.Max)
		mask = append(mask, "minInstances", "maxInstances")
	}
	if want.MachineType != "" && want.MachineType != got.MachineType {
		body.MachineType = want.MachineType
		mask = append(mask, "machineType")
	}
	if len(mask) == 0 {
		return nil
	}
	patch := c.connectors.Projects.Locations.Connectors.Patch(want.Name, body).UpdateMask(strings.Join(mask, ","))
	op, err := patch.Context(ctx).Do()
	return c.follow("connectors.patch", op, err)
}

// Delete starts the removal.
func (c connectors) Delete(ctx context.Context, _ uuid.UUID, name string) error {
	op, err := c.connectors.Projects.Locations.Connectors.Delete(name).Context(ctx).Do()
	if err != nil {
		return gone(c.fail(call{name: "connectors.delete", kind: writes, removes: true}, err))
	}
	return gone(c.follow("connectors.delete", op, nil))
}
