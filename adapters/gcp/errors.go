package gcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/api/googleapi"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// A call is one vendor call as far as its errors mean something different: the same 503 is harmless on a read, harmless
// on a change that carries a request id, and leaves a doubt on any other change.
type call struct {
	// name is the vendor's own id, "globalAddresses.insert".
	name string
	kind kind
	// removes is set for a call that deletes: what uses the thing may be on its way out too.
	removes bool
}

type kind int

const (
	reads      kind = iota
	writes          // a repeat is not recognised by the vendor
	writesOnce      // carries a requestId: a repeat is ignored once the first is completed
)

// A signal is what an error says, whichever way it came: an HTTP answer, or the error inside an operation.
type signal struct {
	status  int      // HTTP; 0 when the vendor gave none
	rpc     int      // google.rpc.Code of a failed operation of the newer APIs; 0 when it is not one
	reasons []string // plain(): errors[].reason, status, ErrorInfo reasons, or an operation's error codes
	message string
}

// plain makes "RESOURCE_NOT_READY" and "resourceNotReady" one word.
func plain(reason string) string { return strings.ToLower(strings.ReplaceAll(reason, "_", "")) }

func (s signal) says(reasons ...string) bool {
	for _, have := range s.reasons {
		for _, want := range reasons {
			if have == plain(want) {
				return true
			}
		}
	}
	return false
}

func (s signal) tells(text string) bool { return strings.Contains(s.message, text) }

// A verdict is the failure that a signal becomes. class "" leaves the error unmapped: Unsure for a verb that mutates.
type verdict struct {
	class  events.Class
	reason events.Reason
	after  time.Duration
}

// A row of the table: the first that fits decides.
type row struct {
	name string
	fits func(signal) bool
	then func(call) verdict
}

func always(class events.Class, reason events.Reason, after time.Duration) func(call) verdict {
	return func(call) verdict { return verdict{class, reason, after} }
}

// repeatable: nothing is lost by doing it again, unless the call changes something without a request id.
func repeatable(reason events.Reason, after time.Duration) func(call) verdict {
	return func(c call) verdict {
		if c.kind == writes {
			return verdict{class: events.Unsure, reason: reason}
		}
		return verdict{events.Retry, reason, after}
	}
}

// reasonNamed is the reason of a change that Cloud Run refuses because its template names a revision that is there.
const reasonNamed events.Reason = "revision-named"

// named: a template of Cloud Run that names its revision (console, --revision-suffix) was sent again under that name
// (hashicorp/terraform-provider-google#13410).
func named(s signal) bool { return s.status == 409 && s.tells("Revision named") }

// table classifies every error of Google Cloud. Sources: magic-modules' error_retry_predicates.go, and the recordings
// of k8s-config-connector for the odd ones.
func table() []row {
	return []row{
		{"rate limit", func(s signal) bool { // Compute answers 403 where 429 is meant
			return s.status == 429 || s.status == 403 && (s.says("rateLimitExceeded", "RATE_LIMIT_EXCEEDED") ||
				s.tells("per minute"))
		}, always(events.Retry, reasonRate, 30*time.Second)},
		{"concurrent operations", func(s signal) bool {
			return s.says("CONCURRENT_OPERATIONS_QUOTA_EXCEEDED", "operationInProgress")
		},
			always(events.Retry, "busy", 5*time.Second)},
		{"not found", notFound, func(call) verdict { return verdict{class: events.Refuse, reason: "not-found"} }},
		// Compute, Cloud Run and Functions spell it differently, all name the constraint
		{"organisation policy", func(s signal) bool {
			return s.tells("constraints/") || s.tells("violates constraint")
		}, always(events.Refuse, "policy", 0)},
		{"service perimeter", func(s signal) bool {
			return s.tells("vpcServiceControlsUniqueIdentifier") || s.says("SECURITY_POLICY_VIOLATED")
		},
			always(events.Refuse, "perimeter", 0)},
		{"stale fingerprint", func(s signal) bool { return s.status == 412 || s.says("conditionNotMet") },
			always(events.Retry, "changed", 0)},
		{"not ready", func(s signal) bool { // networks and firewall policies carry out one change at a time
			return s.says("resourceNotReady") || s.status == 400 && s.tells("is not ready")
		}, always(events.Wait, "not-ready", 3*time.Second)},
		{"in use", func(s signal) bool { return s.says("resourceInUseByAnotherResource", "resourceInUse") },
			func(c call) verdict {
				if c.removes {
					return verdict{events.Retry, "in-use", 5 * time.Second}
				}
				return verdict{class: events.Refuse, reason: "in-use"}
			}},
		{"revision named", named, always(events.Refuse, reasonNamed, 0)},
		// The next Get decides whose it is: the engine's Retry runs the verb again from its look-up.
		{"exists", func(s signal) bool { return s.says("alreadyExists", "RESOURCE_ALREADY_EXISTS") || s.rpc == 6 },
			always(events.Retry, "exists", 0)},
		{"changed by another", func(s signal) bool { return s.status == 409 || s.rpc == 10 },
			always(events.Retry, "changed", 0)},
		{"quota", func(s signal) bool {
			return s.says("quotaExceeded", "RESOURCE_EXHAUSTED", "IP_SPACE_EXHAUSTED") || s.rpc == 8
		},
			always(events.Refuse, "quota", 0)},
		{"zone not empty", func(s signal) bool { return s.says("containerNotEmpty") },
			always(events.Refuse, "not-empty", 0)},
		{"permission", func(s signal) bool { return s.status == 403 }, always(events.Refuse, "permission", 0)},
		// Inside an operation it is the service agent's role, which follows an API's enablement after a while.
		{"service agent", func(s signal) bool {
			return s.rpc == 7
		}, always(events.Retry, "permission", 30*time.Second)},
		{"credentials", func(s signal) bool { return s.status == 401 || s.rpc == 16 },
			always(events.Retry, reasonCredentials, tokenPause)},
		{"unavailable", func(s signal) bool {
			return s.status >= 500
		}, repeatable(events.ReasonUnavailable, 2*time.Second)},
		{"invalid", func(s signal) bool {
			return s.status >= 400 || s.rpc == 3 || s.rpc == 9 || s.rpc == 11 || s.rpc == 12
		},
			always(events.Refuse, "invalid", 0)},
		// An operation that ended badly for a reason of the vendor's own: what is left of it has to be looked at.
		{"operation failed", func(signal) bool { return true }, always(events.Unsure, "operation-failed", 0)},
	}
}

// notFound: firewall policies answer 400 for a missing rule.
func notFound(s signal) bool {
	return s.status == 404 || s.rpc == 5 || s.says("RESOURCE_NOT_FOUND") ||
		s.tells("does not contain a rule at priority")
}

// fail classifies the error of a call; nil, and what has its class already, stay as they are.
func (c *Client) fail(of call, err error) error {
	var f *workers.Failure
	if err == nil || errors.As(err, &f) {
		return err
	}
	var answered *googleapi.Error
	if errors.As(err, &answered) {
		return c.judge(of, answer(answered))
	}
	var ended *apierror.APIError
	if errors.As(err, &ended) && ended.GRPCStatus() != nil {
		return c.judge(of, endedWith(ended))
	}
	return unanswered(of, err)
}

// judge looks a signal up in the table.
func (c *Client) judge(of call, s signal) error {
	cause := fmt.Errorf("%s: %s", of.name, s.message)
	if notFound(s) {
		cause = fmt.Errorf("%w: %w", cause, workers.ErrNotFound)
		if of.kind == reads {
			return cause
		}
	}
	for _, r := range table() {
		if r.fits(s) {
			v := r.then(of)
			return &workers.Failure{Class: v.class, Reason: v.reason, After: c.paced(v.after), Err: cause}
		}
	}
	return cause
}

// unanswered classifies what is no answer of the vendor: no token or turn, a broken connection, an unreadable body, a
// spent context.
func unanswered(of call, err error) error {
	var dial *net.OpError
	var never unsent
	wrapped := fmt.Errorf("%s: %w", of.name, err)
	switch {
	case errors.As(err, &never):
		return &workers.Failure{Class: never.class, Reason: never.reason, After: never.after, Err: wrapped}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return wrapped
	case errors.As(err, &dial) && dial.Op == "dial":
		return workers.Retry("unreachable", 0, wrapped) // nothing was sent
	case of.kind == reads:
		return workers.Retry("connection", 0, wrapped)
	}
	return wrapped // the call may have been carried out
}

// answer reads an HTTP error. ErrorInfo and status are only in the body: the library's own Reason() is empty for
// Compute.
func answer(e *googleapi.Error) signal {
	s := signal{status: e.Code, message: e.Message}
	if s.message == "" {
		s.message = strings.TrimSpace(fmt.Sprintf("HTTP %d %.200s", e.Code, e.Body))
	}
	for _, item := range e.Errors {
		s.reasons = append(s.reasons, plain(item.Reason))
	}
	var body struct {
		Error struct {
			Status  string
			Details []struct {
				Reason   string
				Metadata map[string]string
			}
		}
	}
	if json.Unmarshal([]byte(e.Body), &body) == nil { // a body that is no JSON says no more than its status
		s.reasons = append(s.reasons, plain(body.Error.Status))
		for _, d := range body.Error.Details {
			s.reasons = append(s.reasons, plain(d.Reason))
			s.name(d.Metadata)
		}
	}
	return s
}

// name completes the message with what only an ErrorInfo's metadata names: what an operator has to grant or to lift.
// IAM_PERMISSION_DENIED tells the permission there, and not always in the text.
func (s *signal) name(metadata map[string]string) {
	for _, key := range []string{"permission", "constraint"} {
		if value := metadata[key]; value != "" && !s.tells(value) {
			s.message = strings.TrimSpace(s.message + " (" + key + " " + value + ")")
		}
	}
}

// endedWith reads the error of an operation as the newer clients hand it out: what has no HTTP answer in it is the
// operation's own google.rpc.Status.
func endedWith(e *apierror.APIError) signal {
	s := signal{rpc: int(e.GRPCStatus().Code()), message: e.GRPCStatus().Message()}
	if e.Reason() != "" {
		s.reasons = []string{plain(e.Reason())}
	}
	s.name(e.Metadata())
	return s
}

// gone turns "not found" of a removal into success.
func gone(err error) error {
	if errors.Is(err, workers.ErrNotFound) {
		return nil
	}
	return err
}

// absent turns "not found" of what a change needs into a refusal: for a mutation it is no answer but an error.
func absent(err error) error {
	var f *workers.Failure
	if errors.Is(err, workers.ErrNotFound) && !errors.As(err, &f) {
		return workers.Refuse("not-found", "%w", err)
	}
	return err
}
