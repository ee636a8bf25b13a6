package gcp

import (
	"context"
	"fmt"
	"strings"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/culvertnet/culvert/workers"
)

// Prefix is the vendor's part of every operation handle of this package.
const Prefix = "gcp"

// How long the operations of the newer APIs are left alone between two looks. Guess: a connector takes 2 to 5 minutes,
// a function's update about one, a revision some 15 s.
const (
	connectorPoll = 10 * time.Second
	functionPoll  = 10 * time.Second
	runPoll       = 3 * time.Second
	dnsPoll       = 2 * time.Second
)

// operations polls what this package's mutations started. Handles:
//
//	gcp:compute/global/PROJECT/NAME          gcp:compute/region/PROJECT/REGION/NAME
//	gcp:vpcaccess/projects/…/operations/ID   gcp:run/projects/…       gcp:functions/projects/…
//	gcp:vpcaccess/delete/projects/…/operations/ID
//	gcp:dns/PROJECT/ZONE/CHANGE
type operations struct{ *Client }

var _ workers.Operations = operations{}

// Operations polls the handles of this driver.
func (c *Client) Operations() workers.Operations { return operations{c} }

func computeHandle(project, region, name string) string {
	if region == "" {
		return fmt.Sprintf("%s:compute/global/%s/%s", Prefix, project, name)
	}
	return fmt.Sprintf("%s:compute/region/%s/%s/%s", Prefix, project, region, name)
}

// Poll reads one operation once.
func (o operations) Poll(ctx context.Context, handle string) error {
	api, rest, _ := strings.Cut(strings.TrimPrefix(handle, Prefix+":"), "/")
	switch api {
	case "compute":
		return o.pollCompute(ctx, handle, strings.Split(rest, "/"))
	case "vpcaccess":
		return connectors(o).poll(ctx, rest)
	case "run":
		op, err := o.run.Projects.Locations.Operations.Get(rest).Context(ctx).Do()
		if err != nil {
			return o.fail(call{name: "services.operations.get"}, err)
		}
		return o.settle(handle, runPoll, runOperation(op))
	case "functions":
		op, err := o.functions.Projects.Locations.Operations.Get(rest).Context(ctx).Do()
		if err != nil {
			return o.fail(call{name: "functions.operations.get"}, err)
		}
		return o.settle(handle, functionPoll, functionOperation(op))
	case "dns":
		return o.pollChange(ctx, handle, strings.Split(rest, "/"))
	}
	return workers.Refuse("invalid", "poll operation %q: no such handle", handle)
}

func (o operations) pollCompute(ctx context.Context, handle string, part []string) error {
	var op *computepb.Operation
	var err error
	of := call{name: "globalOperations.get"}
	switch {
	case len(part) == 3 && part[0] == "global":
		op, err = o.globalOperations.Get(
			ctx, &computepb.GetGlobalOperationRequest{Project: part[1], Operation: part[2]}, once(),
		)
	case len(part) == 4 && part[0] == "region":
		of.name = "regionOperations.get"
		req := &computepb.GetRegionOperationRequest{Project: part[1], Region: part[2], Operation: part[3]}
		op, err = o.regionOperations.Get(ctx, req, once())
	default:
		return workers.Refuse("invalid", "poll operation %q: no such handle", handle)
	}
	if err != nil {
		return o.fail(of, err)
	}
	s := state(op)
	if !s.done {
		return workers.WaitFor(handle, o.paced(computePoll))
	}
	if s.bad == nil {
		return nil
	}
	kind := op.GetOperationType()
	failed := call{
		name: kind + " " + relative(op.GetTargetLink()), kind: writesOnce, removes: strings.HasPrefix(kind, "delete"),
	}
	err = o.judge(failed, *s.bad)
	if failed.removes {
		return gone(err)
	}
	return err
}

// lro is a long operation of the newer APIs.
type lro struct {
	done    bool
	code    int64 // google.rpc.Code
	message string
}

func (c *Client) settle(handle string, poll time.Duration, op lro) error {
	switch {
	case !op.done:
		return workers.WaitFor(handle, c.paced(poll))
	case op.code != 0:
		return c.judge(
			call{name: "operation " + base(handle), kind: writes}, signal{rpc: int(op.code), message: op.message},
		)
	}
	return nil
}

func (o operations) pollChange(ctx context.Context, handle string, part []string) error {
	if len(part) != 3 {
		return workers.Refuse("invalid", "poll operation %q: no such handle", handle)
	}
	change, err := o.dns.Changes.Get(part[0], part[1], part[2]).Context(ctx).Do()
	if err != nil {
		return o.fail(call{name: "changes.get"}, err)
	}
	return o.settle(handle, dnsPoll, lro{done: change.Status == "done"})
}
