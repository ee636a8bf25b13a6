package gcp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/culvertnet/culvert/events"
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
//	gcp:dns/PROJECT/ZONE/CHANGE
//
// A removal says so in its handle: gcp:compute/delete/…, gcp:vpcaccess/delete/…. What the vendor calls the operation's
// type is no help: recordings have deletePscForwardingRule, removeFirewallRuleFromFirewallPolicy and
// compute.<collection>.delete.
type operations struct{ *Client }

var _ workers.Operations = operations{}

// Operations polls the handles of this driver.
func (c *Client) Operations() workers.Operations { return operations{c} }

// deletion marks the handle of a removal's operation.
const deletion = "delete/"

func computeHandle(m mutation, name string) string {
	how := ""
	if m.removes {
		how = deletion
	}
	if m.region == "" {
		return fmt.Sprintf("%s:compute/%sglobal/%s/%s", Prefix, how, m.project, name)
	}
	return fmt.Sprintf("%s:compute/%sregion/%s/%s/%s", Prefix, how, m.project, m.region, name)
}

// Poll reads one operation once.
func (o operations) Poll(ctx context.Context, handle string) error {
	api, rest, _ := strings.Cut(strings.TrimPrefix(handle, Prefix+":"), "/")
	switch api {
	case "compute":
		return o.pollCompute(ctx, handle, rest)
	case "vpcaccess":
		return connectors(o).poll(ctx, rest)
	case "run":
		op, err := o.run.Projects.Locations.Operations.Get(rest).Context(ctx).Do()
		if err != nil {
			return unread(handle, o.fail(call{name: "services.operations.get"}, err))
		}
		return o.settle(handle, runPoll, runOperation(op))
	case "functions":
		op, err := o.functions.Projects.Locations.Operations.Get(rest).Context(ctx).Do()
		if err != nil {
			return unread(handle, o.fail(call{name: "functions.operations.get"}, err))
		}
		return o.settle(handle, functionPoll, functionOperation(op))
	case "dns":
		return o.pollChange(ctx, handle, strings.Split(rest, "/"))
	}
	return workers.Refuse("invalid", "poll operation %q: no such handle", handle)
}

// unread is the answer for an operation that could not be read: it may go on, so only what will not pass ends the wait.
func unread(handle string, err error) error {
	var f *workers.Failure
	if !errors.As(err, &f) || f.Class != events.Retry && f.Class != events.Wait {
		return err
	}
	return &workers.Failure{Class: events.Wait, Reason: f.Reason, Operation: handle, After: f.After, Err: f.Err}
}

// ended is the answer for an operation that ended badly. It is no handle any more, whatever it said: a cause that may
// pass means to do it afresh later, and only a refusal stays one.
func ended(err error) error {
	var f *workers.Failure
	if !errors.As(err, &f) || f.Class != events.Wait {
		return err
	}
	return &workers.Failure{Class: events.Retry, Reason: f.Reason, After: f.After, Err: f.Err}
}

func (o operations) pollCompute(ctx context.Context, handle, rest string) error {
	rest, removes := strings.CutPrefix(rest, deletion)
	part := strings.Split(rest, "/")
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
		return unread(handle, o.fail(of, err))
	}
	s := state(op)
	if !s.done {
		return workers.WaitFor(handle, o.paced(computePoll))
	}
	if s.bad == nil {
		return nil
	}
	failed := call{
		name: strings.TrimSpace(fmt.Sprintf("operation %s %s %s", s.name, op.GetOperationType(),
			relative(op.GetTargetLink()))),
		kind: writesOnce, removes: removes,
	}
	err = ended(o.judge(failed, *s.bad))
	if removes {
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
		return ended(c.judge(
			call{name: "operation " + base(handle), kind: writes}, signal{rpc: int(op.code), message: op.message},
		))
	}
	return nil
}

func (o operations) pollChange(ctx context.Context, handle string, part []string) error {
	if len(part) != 3 {
		return workers.Refuse("invalid", "poll operation %q: no such handle", handle)
	}
	change, err := o.dns.Changes.Get(part[0], part[1], part[2]).Context(ctx).Do()
	if err != nil {
		return unread(handle, o.fail(call{name: "changes.get"}, err))
	}
	return o.settle(handle, dnsPoll, lro{done: change.Status == "done"})
}
