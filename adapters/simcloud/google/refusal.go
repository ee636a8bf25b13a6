package google

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// refusal is an error answer in the vendor's words.
type refusal struct {
	status  int    // HTTP
	reason  string // errors[].reason of the older APIs; "" = the answer has no errors list
	rpc     string // status of the newer APIs
	message string
	details []any // of the newer APIs and of an API that is off
}

// style tells the APIs' error bodies apart.
type style int

const (
	computeStyle style = iota // errors list
	rpcStyle                  // status
	dnsStyle                  // both
)

func (f refusal) answer(s style) world.Answer {
	e := map[string]any{"code": f.status, "message": f.message}
	if s != rpcStyle && f.reason != "" {
		e["errors"] = []any{map[string]any{"domain": "global", "message": f.message, "reason": f.reason}}
	}
	if s != computeStyle || f.reason == "" {
		if f.rpc != "" {
			e["status"] = f.rpc
		}
	}
	if len(f.details) > 0 {
		e["details"] = f.details
	}
	return jsonAnswer(f.status, map[string]any{"error": e})
}

func jsonAnswer(status int, body any) world.Answer {
	b, err := json.MarshalIndent(body, "", "  ")
	if err != nil {
		panic("answer: " + err.Error()) // documents are JSON by construction
	}
	return world.Answer{Status: status, Body: append(b, '\n')}
}

func notFound(name string) *refusal {
	return &refusal{status: 404, reason: "notFound", rpc: "NOT_FOUND",
		message: fmt.Sprintf("The resource '%s' was not found", name)}
}

func alreadyExists(name string) *refusal {
	return &refusal{status: 409, reason: "alreadyExists", rpc: "ALREADY_EXISTS",
		message: fmt.Sprintf("The resource '%s' already exists", name)}
}

// invalid is the Compute form of a bad field.
func invalid(field string, val any, format string, args ...any) *refusal {
	return &refusal{status: 400, reason: "invalid", rpc: "INVALID_ARGUMENT",
		message: fmt.Sprintf("Invalid value for field '%s': '%v'. %s", field, val, fmt.Sprintf(format, args...))}
}

// badRequest is a 400 in free words.
func badRequest(format string, args ...any) *refusal {
	return &refusal{status: 400, reason: "invalid", rpc: "INVALID_ARGUMENT", message: fmt.Sprintf(format, args...)}
}

func inUse(kind, name, by string) *refusal {
	return &refusal{status: 400, reason: "resourceInUseByAnotherResource", rpc: "FAILED_PRECONDITION",
		message: fmt.Sprintf("The %s resource '%s' is already being used by '%s'", kind, name, by)}
}

func notReady(name string) *refusal {
	return &refusal{status: 400, reason: "resourceNotReady", rpc: "FAILED_PRECONDITION",
		message: fmt.Sprintf("The resource '%s' is not ready", name)}
}

func staleFingerprint(message string) *refusal {
	return &refusal{status: 412, reason: "conditionNotMet", rpc: "FAILED_PRECONDITION", message: message}
}

func quotaExceeded(metric string, limit int) *refusal {
	return &refusal{status: 403, reason: "quotaExceeded", rpc: "RESOURCE_EXHAUSTED",
		message: fmt.Sprintf("Quota '%s' exceeded.  Limit: %d.0 globally.", metric, limit)}
}

func aborted(format string, args ...any) *refusal {
	return &refusal{status: 409, reason: "aborted", rpc: "ABORTED", message: fmt.Sprintf(format, args...)}
}

// shapes is how the faults speak for one call.
func (r *request) shapes(m method) world.Shapes {
	say := func(f refusal) world.Answer { return f.answer(m.style) }
	return world.Shapes{
		Refuse: func(f world.Fault) world.Answer {
			message := fmt.Sprintf("Required '%s' permission for '%s'", m.call, r.subject)
			return say(
				refusal{status: httpStatus(f, 403), reason: "forbidden", rpc: "PERMISSION_DENIED", message: message},
			)
		},
		Unavailable: func(f world.Fault) world.Answer {
			return say(
				refusal{status: httpStatus(f, 503), reason: "backendError", rpc: "UNAVAILABLE",
					message: "The service is currently unavailable."},
			)
		},
		Throttle: func(f world.Fault) world.Answer { return say(throttled(m.style, httpStatus(f, 0))) },
		Inside: func(f world.Fault) bool {
			if f.Mode == world.Unreachable {
				return strings.HasSuffix(m.call, ".aggregatedList")
			}
			return m.operation && f.Mode == world.Refuse && f.Status != "" && httpStatus(f, 0) == 0 &&
				(m.style != rpcStyle || isRPC(f.Status))
		},
	}
}

// throttled: Compute answers 403 where 429 is meant (magic-modules' error_retry_predicates.go); the other APIs answer
// 429.
func throttled(s style, status int) refusal {
	const message = "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service of the " +
		"project."
	if status == 0 && s == computeStyle {
		status = http.StatusForbidden
	}
	if status == 0 {
		status = http.StatusTooManyRequests
	}
	return refusal{status: status, reason: "rateLimitExceeded", rpc: "RESOURCE_EXHAUSTED", message: message}
}

// httpStatus reads a fault's status when it is an HTTP one; operation codes (3, QUOTA_EXCEEDED) are not.
func httpStatus(f world.Fault, otherwise int) int {
	if n, err := strconv.Atoi(f.Status); err == nil && n >= 400 && n < 600 {
		return n
	}
	return otherwise
}
