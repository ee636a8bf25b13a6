package gcp

import (
	"context"
	"errors"
	"strings"

	"cloud.google.com/go/vpcaccess/apiv1/vpcaccesspb"
	"github.com/google/uuid"
	vpcaccessv1 "google.golang.org/api/vpcaccess/v1"

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
		Name: name, CIDR: got.GetIpCidrRange(), Min: int(got.GetMinInstances()), Max: int(got.GetMaxInstances()),
		MachineType: got.GetMachineType(), State: got.GetState().String(),
	}
	project := segment(name, "projects")
	if got.GetNetwork() != "" {
		out.Network = networkName(project, base(got.GetNetwork()))
	}
	out.Range = out.CIDR
	if got.GetSubnet().GetName() != "" {
		// The subnet form: what else the vendor fills in follows from the subnet.
		out.Subnet, out.SubnetProject = base(got.GetSubnet().GetName()), got.GetSubnet().GetProjectId()
		out.Network, out.CIDR = "", ""
		if out.SubnetProject == "" {
			out.SubnetProject = project
		}
		if isNumber(out.SubnetProject) {
			out.SubnetProject = c.project(ctx, out.SubnetProject)
		}
		s, err := c.subnet(ctx, subnetRef{out.SubnetProject, segment(name, "locations"), out.Subnet})
		// a connector in ERROR may name a subnet that is not there
		if err != nil && !errors.Is(err, workers.ErrNotFound) {
			return egress.Connector{}, err
		}
		out.Range = ""
		if err == nil {
			out.Range = canonical(s.GetIpCidrRange())
		}
	}
	return out, nil
}

func (c connectors) read(ctx context.Context, name string) (*vpcaccesspb.Connector, error) {
	got, err := c.connectors.GetConnector(ctx, &vpcaccesspb.GetConnectorRequest{Name: name}, once())
	return got, c.fail(call{name: "connectors.get"}, err)
}

// Create starts one. Both instance limits are always sent: without a maximum the operation fails at its end and leaves
// a connector in ERROR.
func (c connectors) Create(ctx context.Context, _ uuid.UUID, want egress.Connector) error {
	parent, id, ok := strings.Cut(want.Name, "/connectors/")
	if !ok {
		return workers.Refuse("invalid", "connector %q is not projects/P/locations/R/connectors/C", want.Name)
	}
	body := &vpcaccesspb.Connector{
		IpCidrRange: want.CIDR, MinInstances: int32(want.Min), MaxInstances: int32(want.Max),
		MachineType: want.MachineType,
	}
	if want.Subnet != "" {
		body.Subnet = &vpcaccesspb.Connector_Subnet{Name: base(want.Subnet), ProjectId: want.SubnetProject}
	} else {
		// The field is a name inside the connector's own project; a shared VPC is reached by a subnet only.
		project, network, err := splitNetwork(want.Network)
		if err != nil {
			return err
		}
		if own := segment(want.Name, "projects"); own != project {
			return workers.Refuse("invalid", "connector %s: network %s is of another project, which needs a subnet", id,
				want.Network)
		}
		body.Network = network
	}
	req := &vpcaccesspb.CreateConnectorRequest{Parent: parent, ConnectorId: id, Connector: body}
	op, err := c.connectors.CreateConnector(ctx, req, once())
	if err != nil {
		return c.fail(call{name: "connectors.create", kind: writes}, err)
	}
	return c.wait(op.Name())
}

// wait is the answer of every mutation: each starts an operation, which is looked at later even if it is over already.
func (c connectors) wait(operation string) error {
	return workers.WaitFor(Prefix+":vpcaccess/"+operation, c.paced(connectorPoll))
}

// poll looks at an operation once; the name is the handle's part behind "gcp:vpcaccess/". An answer that ends well and
// cannot be read leaves the doubt to a look at the connector. A deletion yields nothing, the others a connector.
func (c connectors) poll(ctx context.Context, name string) error {
	var done bool
	var err error
	id, removes := strings.CutPrefix(name, deletion)
	if removes {
		op := c.connectors.DeleteConnectorOperation(id)
		err = op.Poll(ctx, once())
		done = op.Done()
	} else {
		op := c.connectors.CreateConnectorOperation(id)
		_, err = op.Poll(ctx, once())
		done = op.Done()
	}
	switch {
	case err != nil && !done:
		return unread(Prefix+":vpcaccess/"+name, c.fail(call{name: "connectors.operations.get"}, err))
	case !done:
		return c.wait(name)
	case removes:
		return gone(ended(c.fail(call{name: "operation " + base(id), kind: writes, removes: true}, err)))
	}
	return ended(c.fail(call{name: "operation " + base(id), kind: writes}, err))
}

// Grow sends what differs, by the older client: the newer one knows no patch. Minimum and maximum go together or not at
// all, and only upward.
func (c connectors) Grow(ctx context.Context, _ uuid.UUID, want egress.Connector) error {
	got, err := c.read(ctx, want.Name)
	if err != nil {
		return absent(err)
	}
	least, most := int(got.GetMinInstances()), int(got.GetMaxInstances())
	if want.Min < least || want.Max < most {
		return workers.Refuse("immutable", "connector %s has %d to %d instances and cannot shrink to %d to %d",
			base(want.Name), least, most, want.Min, want.Max)
	}
	body, mask := &vpcaccessv1.Connector{}, []string{}
	if want.Min != least || want.Max != most {
		body.MinInstances, body.MaxInstances = int64(want.Min), int64(want.Max)
		mask = append(mask, "minInstances", "maxInstances")
	}
	if want.MachineType != "" && want.MachineType != got.GetMachineType() {
		body.MachineType = want.MachineType
		mask = append(mask, "machineType")
	}
	if len(mask) == 0 {
		return nil
	}
	patch := c.connectorPatch.Projects.Locations.Connectors.Patch(want.Name, body).UpdateMask(strings.Join(mask, ","))
	op, err := patch.Context(ctx).Do()
	if err != nil {
		return c.fail(call{name: "connectors.patch", kind: writes}, err)
	}
	return c.wait(op.Name)
}

// Delete starts the removal.
func (c connectors) Delete(ctx context.Context, _ uuid.UUID, name string) error {
	op, err := c.connectors.DeleteConnector(ctx, &vpcaccesspb.DeleteConnectorRequest{Name: name}, once())
	if err != nil {
		return gone(c.fail(call{name: "connectors.delete", kind: writes, removes: true}, err))
	}
	return c.wait(deletion + op.Name())
}
