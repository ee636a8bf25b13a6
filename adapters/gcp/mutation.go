package gcp

import (
	"time"

	compute "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"
	"github.com/google/uuid"
	computev1 "google.golang.org/api/compute/v1"
	"google.golang.org/protobuf/proto"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// computePoll is how long a Compute operation is left alone. Guess: they take 2 to 11 s (terraform-google-network#365
// saw 11 s for a router).
const computePoll = 2 * time.Second

// A mutation is one call of Compute that starts an operation.
type mutation struct {
	call            string
	removes         bool
	project, region string // where the operation is; region "" is global
	// req is the root of the request id, request what the id is made of: everything that is sent. before adds what was
	// read first, where the same content may rightly be written twice in one saga.
	req     uuid.UUID
	request proto.Message
	before  string
	send    func(id *string) (started, error)
	// took tells whether the effect is there. It is asked when the operation is over at once.
	took func() (bool, error)
}

// started is an operation as a mutation's answer shows it.
type started struct {
	name string
	done bool
	bad  *signal
}

// maxRepeats bounds how many finished operations of earlier calls are stepped over: more than a step has tries.
const maxRepeats = 16

// mutate sends the call under a request id that is the same whenever the same thing is asked: a call whose answer was
// lost is found again by the vendor, not done twice.
//
// The vendor answers a repeat with the operation of the first, also when that one failed, whatever for, or when its
// effect has been taken away since. An operation that is over at once is therefore checked, and where it is not so the
// next id is derived from the operation's name: the next call is a new one, and its repeat is recognised in turn.
func (c *Client) mutate(m mutation) error {
	of := call{name: m.call, kind: writesOnce, removes: m.removes}
	content, err := proto.MarshalOptions{Deterministic: true}.Marshal(m.request)
	if err != nil {
		return workers.Refuse("invalid", "%s: encode request: %w", m.call, err)
	}
	id := events.CallID(m.req, m.call, append(content, m.before...))
	var last error
	for range maxRepeats {
		text := id.String()
		op, err := m.send(&text)
		if err != nil {
			return c.fail(of, err)
		}
		if !op.done {
			return workers.WaitFor(computeHandle(m, op.name), c.paced(computePoll))
		}
		if last = c.over(of, op, m.took); last == nil || op.bad == nil && !again(last) {
			return last
		}
		id = events.CallID(id, op.name, nil)
	}
	return last
}

// over judges an operation that is DONE.
func (c *Client) over(of call, op started, took func() (bool, error)) error {
	if op.bad != nil {
		return ended(c.judge(of, *op.bad))
	}
	there, err := took()
	if err != nil {
		return err
	}
	if !there {
		return workers.Retry("no-effect", 0, nil)
	}
	return nil
}

func again(err error) bool { return workers.Outcome(err, events.Unsure).Class == events.Retry }

// fromProto reads the operation that an apiv1 mutation hands out. Its own Wait and Poll are not used: they take a
// failed operation without httpErrorStatusCode for a good one.
func fromProto(op *compute.Operation, err error) (started, error) {
	if err != nil {
		return started{}, err
	}
	return state(op.Proto()), nil
}

func state(op *computepb.Operation) started {
	s := started{name: op.GetName(), done: op.GetStatus() == computepb.Operation_DONE}
	bad := signal{status: int(op.GetHttpErrorStatusCode()), message: op.GetHttpErrorMessage()}
	for _, e := range op.GetError().GetErrors() {
		bad.reasons = append(bad.reasons, plain(e.GetCode()))
		bad.message = e.GetMessage()
	}
	if bad.status >= 400 || len(bad.reasons) > 0 {
		s.bad = &bad
	}
	return s
}

// fromREST reads the operation of a compute/v1 mutation.
func fromREST(op *computev1.Operation, err error) (started, error) {
	if err != nil {
		return started{}, err
	}
	s := started{name: op.Name, done: op.Status == "DONE"}
	bad := signal{status: int(op.HttpErrorStatusCode), message: op.HttpErrorMessage}
	if op.Error != nil {
		for _, e := range op.Error.Errors {
			bad.reasons = append(bad.reasons, plain(e.Code))
			bad.message = e.Message
		}
	}
	if bad.status >= 400 || len(bad.reasons) > 0 {
		s.bad = &bad
	}
	return s, nil
}

// exists turns a look-up into an answer for took.
func exists(err error) (bool, error) {
	if err == nil {
		return true, nil
	}
	return false, gone(err)
}

// isGone is the answer for took of a removal.
func isGone(err error) (bool, error) {
	there, err := exists(err)
	return !there, err
}
