package gcp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/api/googleapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// answered makes the error that every one of Google's libraries makes of an HTTP answer.
func answered(status int, body string) error {
	return googleapi.CheckResponse(&http.Response{
		StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)),
	})
}

func older(status int, reason, message string) error {
	return answered(status,
		fmt.Sprintf(`{"error":{"code":%d,"message":%q,"errors":[{"domain":"global","reason":%q,"message":%q}]}}`,
			status, message, reason, message))
}

func newer(status int, word, message string) error {
	return answered(status, fmt.Sprintf(`{"error":{"code":%d,"message":%q,"status":%q}}`, status, message, word))
}

func detailed(status int, message, reason string) error {
	return answered(status, fmt.Sprintf(`{"error":{"code":%d,"message":%q,"errors":[{"reason":"forbidden"}],
		"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":%q}]}}`, status, message, reason))
}

func TestEveryErrorHasItsClass(t *testing.T) {
	read := call{name: "x.get"}
	plainWrite := call{name: "x.patch", kind: writes}
	once := call{name: "x.insert", kind: writesOnce}
	remove := call{name: "x.delete", kind: writesOnce, removes: true}
	refused := &url.Error{Op: "Post", Err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}
	cut := &url.Error{Op: "Post", Err: io.ErrUnexpectedEOF}
	const unmapped = events.Class("unmapped")
	for _, c := range []struct {
		why    string
		of     call
		err    error
		class  events.Class
		reason events.Reason
	}{
		{"429 is refused before anything is done", plainWrite,
			newer(429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric"),
			events.Retry, "rate"},
		{"compute says 403 for too many a minute", once, older(403, "rateLimitExceeded", "slow"), events.Retry, "rate"},
		{"the same without a reason", once, older(
			403, "forbidden", "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute'",
		), events.Retry, "rate"},
		{"too many operations at once", once, detailed(403, "busy", "CONCURRENT_OPERATIONS_QUOTA_EXCEEDED"),
			events.Retry, "busy"},
		{"an operation is in progress", plainWrite, older(409, "operationInProgress", "in progress"), events.Retry,
			"busy"},
		{"5xx on a read", read, newer(503, "UNAVAILABLE", "later"), events.Retry, "unavailable"},
		{"5xx with a request id", once, older(503, "backendError", "later"), events.Retry, "unavailable"},
		{"500, 502 and 504 are no different", once, answered(504, "<html>gateway</html>"), events.Retry, "unavailable"},
		{"5xx without a request id may have had its effect", plainWrite, newer(503, "UNAVAILABLE", "later"),
			events.Unsure, "unavailable"},
		{"permission", once, older(403, "forbidden", "Required 'compute.globalAddresses.create' permission"),
			events.Refuse, "permission"},
		{"resource quota", once, older(403, "quotaExceeded", "Quota 'GLOBAL_INTERNAL_ADDRESSES' exceeded. Limit: 5000"),
			events.Refuse, "quota"},
		{"organisation policy is a 412", once,
			older(412, "conditionNotMet",
				"Constraint constraints/compute.disablePrivateServiceConnectCreationForConsumers "+
					"violated for project 1"), events.Refuse, "policy"},
		{"organisation policy of Cloud Run", plainWrite,
			newer(400, "FAILED_PRECONDITION", "Constraint `constraints/run.allowedVPCEgress` violated for `acme-prod`"),
			events.Refuse, "policy"},
		{"service perimeter", plainWrite,
			newer(403, "PERMISSION_DENIED",
				"Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: x"), events.Refuse,
			"perimeter"},
		{"a firewall policy busy with another change", once,
			older(400, "resourceNotReady", "The resource 'p' is not ready"), events.Wait, "not-ready"},
		{"the same in words only", once, older(400, "invalid", "The resource 'p' is not ready"), events.Wait,
			"not-ready"},
		{"in use on delete: its user may be on its way out", remove, older(400, "resourceInUseByAnotherResource",
			"used by 'r'"), events.Retry, "in-use"},
		{"in use on insert", once, older(400, "resourceInUseByAnotherResource", "used by 'r'"), events.Refuse,
			"in-use"},
		{"any other 400", once, older(400, "invalid", "Invalid value for field 'x'"), events.Refuse, "invalid"},
		{"already there: the next Get decides", once, older(409, "alreadyExists", "exists"), events.Retry, "exists"},
		{"already there, newer APIs", plainWrite, newer(409, "ALREADY_EXISTS", "exists"), events.Retry, "exists"},
		{"etag of Cloud Run", plainWrite, newer(409, "ABORTED", "Conflict for resource"), events.Retry, "changed"},
		{"fingerprint", once, older(412, "conditionNotMet", "Invalid fingerprint."), events.Retry, "changed"},
		{"zone with records", plainWrite, older(400, "containerNotEmpty", "not empty"), events.Refuse, "not-empty"},
		{"404 of a parent", once, older(404, "notFound", "network was not found"), events.Refuse, "not-found"},
		{"credentials", read, newer(401, "UNAUTHENTICATED", "token"), events.Retry, "credentials"},
		{"nobody listens: nothing was sent", once, refused, events.Retry, "unreachable"},
		{"connection cut on a read", read, cut, events.Retry, "connection"},
		{"connection cut after a write was sent", once, cut, unmapped, ""},
		{"an answer that cannot be read", plainWrite, errors.New("invalid character '<'"), unmapped, ""},
		{"deadline", once, fmt.Errorf("post: %w", context.DeadlineExceeded), unmapped, ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			err := (&Client{pace: 1}).fail(c.of, c.err)
			var f *workers.Failure
			switch {
			case c.class == unmapped:
				if errors.As(err, &f) {
					t.Fatalf("error was mapped to %s: only looking can tell what happened", f.Class)
				}
				if got := workers.Outcome(err, events.Unsure).Class; got != events.Unsure {
					t.Errorf("class of a write that may have happened is %q, want unsure", got)
				}
			case !errors.As(err, &f):
				t.Fatalf("error is not mapped: %v", err)
			case f.Class != c.class || f.Reason != c.reason:
				t.Errorf("got %s %q, want %s %q", f.Class, f.Reason, c.class, c.reason)
			}
			if !strings.HasPrefix(strings.TrimPrefix(err.Error(), string(c.reason)+": "), c.of.name+": ") {
				t.Errorf("error %q does not name the call %s", err, c.of.name)
			}
		})
	}
}

// An operator has to know what to grant.
func TestARefusalNamesThePermission(t *testing.T) {
	const permission = "run.services.update"
	told := newer(403, "PERMISSION_DENIED", "Permission '"+permission+"' denied on resource (or it may not exist).")
	hidden := answered(403, `{"error":{"code":403,"message":"The caller does not have permission","status":"PERMISSION_DENIED","details":[
		{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"IAM_PERMISSION_DENIED","metadata":{"permission":"`+permission+`"}}]}}`)
	wrapped, ok := apierror.FromError(hidden)
	if !ok {
		t.Fatalf("%v is no error of the API", hidden)
	}
	for why, err := range map[string]error{"in the text": told, "in the details": hidden,
		"in the details, newer client": wrapped} {
		got := (&Client{pace: 1}).fail(call{name: "services.patch", kind: writes}, err)
		var f *workers.Failure
		if !errors.As(got, &f) || f.Class != events.Refuse || f.Reason != "permission" ||
			strings.Count(got.Error(), permission) != 1 {
			t.Errorf("%s: %v, want a refusal that names %s once", why, got, permission)
		}
	}
}

func TestNotFoundIsTheReadsOwnAnswer(t *testing.T) {
	for why, err := range map[string]error{
		"404": older(404, "notFound", "was not found"),
		"a missing rule": answered(400,
			`{"error":{"code":400,"message":"Invalid value for field 'priority': '7'. The firewall policy does not contain a rule at priority 7."}}`),
	} {
		c := &Client{pace: 1}
		got := c.fail(call{name: "x.get"}, err)
		if !errors.Is(got, workers.ErrNotFound) {
			t.Errorf("%s on a read: %v, want ErrNotFound", why, got)
		}
		if f := new(workers.Failure); errors.As(got, &f) {
			t.Errorf("%s on a read is a failure of class %s; steps ask for ErrNotFound", why, f.Class)
		}
		if got := gone(c.fail(call{name: "x.delete", kind: writesOnce, removes: true}, err)); got != nil {
			t.Errorf("%s on a removal: %v, want success", why, got)
		}
	}
}

func TestErrorsInsideOperations(t *testing.T) {
	insert := call{name: "insert", kind: writesOnce}
	lasting := call{name: "operation", kind: writes}
	for _, c := range []struct {
		why    string
		of     call
		signal signal
		class  events.Class
		reason events.Reason
	}{
		{"compute's code for in use", insert, signal{
			status: 400, reasons: []string{plain("RESOURCE_IN_USE_BY_ANOTHER_RESOURCE")},
		}, events.Refuse, "in-use"},
		{"without httpErrorStatusCode", insert, signal{reasons: []string{plain("QUOTA_EXCEEDED")}}, events.Refuse,
			"quota"},
		{"a code that nobody knows", insert, signal{reasons: []string{plain("SOMETHING_ELSE")}}, events.Unsure,
			"operation-failed"},
		{"connector range conflict", lasting, signal{
			rpc: 3, message: "Operation failed: Invalid IP CIDR range was provided.",
		}, events.Refuse, "invalid"},
		{"service agent's role is not there yet", lasting, signal{rpc: 7, message: "permission"}, events.Retry,
			"permission"},
		{"quota", lasting, signal{rpc: 8}, events.Refuse, "quota"},
		{"another's change", lasting, signal{rpc: 10}, events.Retry, "changed"},
		{"internal error leaves it open what is left", lasting, signal{rpc: 13}, events.Unsure, "operation-failed"},
	} {
		var f *workers.Failure
		if err := (&Client{pace: 1}).judge(c.of, c.signal); !errors.As(err, &f) || f.Class != c.class ||
			f.Reason != c.reason {
			t.Errorf("%s: got %v, want %s %q", c.why, err, c.class, c.reason)
		}
	}
}

// TestBothClientsMeetOneTable: the newer clients wrap the HTTP answer, and hand out an operation's error as a status.
func TestBothClientsMeetOneTable(t *testing.T) {
	wrap := func(err error) error {
		e, ok := apierror.FromError(err)
		if !ok {
			t.Fatalf("%v is no error of the API", err)
		}
		return e
	}
	for _, c := range []struct {
		why    string
		err    error
		class  events.Class
		reason events.Reason
	}{
		{"an HTTP answer, older client", newer(409, "ALREADY_EXISTS", "exists"), events.Retry, "exists"},
		{"an HTTP answer, newer client", wrap(newer(409, "ALREADY_EXISTS", "exists")), events.Retry, "exists"},
		{"a rate by its HTTP status, not by the code it maps to", wrap(newer(429, "RESOURCE_EXHAUSTED", "slow")),
			events.Retry, "rate"},
		{"an operation's conflict", wrap(status.Error(codes.InvalidArgument, "conflicts")), events.Refuse, "invalid"},
		{"an operation's quota", wrap(status.Error(codes.ResourceExhausted, "full")), events.Refuse, "quota"},
	} {
		var f *workers.Failure
		if err := (&Client{pace: 1}).fail(call{name: "x", kind: writes}, c.err); !errors.As(err, &f) ||
			f.Class != c.class || f.Reason != c.reason {
			t.Errorf("%s: got %v, want %s %q", c.why, err, c.class, c.reason)
		}
	}
}

func TestEveryRowIsReached(t *testing.T) {
	signals := []signal{
		{status: 429}, {reasons: []string{"operationinprogress"}}, {status: 404}, {message: "Constraint constraints/x"},
		{message: "vpcServiceControlsUniqueIdentifier"}, {status: 412}, {reasons: []string{"resourcenotready"}},
		{
			reasons: []string{"resourceinuse"},
		},
		{status: 409, message: "Revision named 'a'"}, {rpc: 6}, {status: 409}, {rpc: 8},
		{reasons: []string{"containernotempty"}},
		{status: 403}, {rpc: 7}, {status: 401}, {status: 502}, {status: 400}, {rpc: 2},
	}
	rows := table()
	if len(signals) != len(rows) {
		t.Fatalf("%d examples for %d rows", len(signals), len(rows))
	}
	for i, s := range signals {
		for j, r := range rows {
			if r.fits(s) {
				if i != j {
					t.Errorf("example %d (%+v) meets row %q, want %q", i, s, r.name, rows[i].name)
				}
				break
			}
		}
	}
}
