package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// problemType begins the type of every problem; its code ends it (RFC 9457, 3.1.1).
const problemType = "urn:culvert:problem:"

// statuses are the HTTP statuses of problems. A status that the framework answers by itself gets the first code that
// has it; see codeOf.
var statuses = []struct {
	status int
	codes  []events.ProblemCode
}{
	{http.StatusBadRequest, []events.ProblemCode{events.ProblemRequest, events.ProblemRefused}},
	{http.StatusNotFound, []events.ProblemCode{events.ProblemNotFound}},
	{http.StatusMethodNotAllowed, []events.ProblemCode{events.ProblemMethod}},
	{http.StatusNotAcceptable, []events.ProblemCode{events.ProblemMediaType}},
	{http.StatusConflict, []events.ProblemCode{
		events.ProblemConflict, events.ProblemNotHeld, events.ProblemInFlight, events.ProblemDiverged,
	}},
	{http.StatusRequestEntityTooLarge, []events.ProblemCode{events.ProblemTooLarge}},
	{http.StatusUnsupportedMediaType, []events.ProblemCode{events.ProblemMediaType}},
	{http.StatusUnprocessableEntity, []events.ProblemCode{events.ProblemValidation}},
	{http.StatusTooManyRequests, []events.ProblemCode{events.ProblemBusy}},
	{http.StatusServiceUnavailable, []events.ProblemCode{
		events.ProblemUnavailable, events.ProblemFull, events.ProblemContended, events.ProblemTimeout,
	}},
}

// statusOf is the status that a problem is answered with.
func statusOf(code events.ProblemCode) int {
	for _, s := range statuses {
		for _, c := range s.codes {
			if c == code {
				return s.status
			}
		}
	}
	return http.StatusInternalServerError
}

// codeOf is the code of a problem that the framework makes, of which only the status is known.
func codeOf(status int) events.ProblemCode {
	for _, s := range statuses {
		if s.status == status {
			return s.codes[0]
		}
	}
	return events.ProblemInternal
}

// fail is a problem with its code.
func fail(code events.ProblemCode, detail string, errs ...*huma.ErrorDetail) *huma.ErrorModel {
	status := statusOf(code)
	return &huma.ErrorModel{
		Status: status, Title: http.StatusText(status), Type: problemType + string(code), Detail: detail, Errors: errs,
	}
}

// later is a problem that is gone after a time.
func later(err huma.StatusError, after time.Duration) error {
	seconds := int64((after + time.Second - 1) / time.Second)
	return huma.ErrorWithHeaders(err, http.Header{"Retry-After": {strconv.FormatInt(seconds, 10)}})
}

// typeProblems gives the problems that the framework makes their type.
func typeProblems(_ huma.Context, _ string, v any) (any, error) {
	if p, is := v.(*huma.ErrorModel); is && p.Type == "" {
		p.Type = problemType + string(codeOf(p.Status))
	}
	return v, nil
}

// Code is the problem's code; "" when it has none.
func (p *Problem) Code() events.ProblemCode {
	code, is := strings.CutPrefix(p.Type, problemType)
	if !is {
		return ""
	}
	return events.ProblemCode(code)
}

// problem maps the errors of the inside to problems, in one table.
func problem(err error) error {
	if r, ok := events.AsRefusal(err); ok {
		details := make([]*huma.ErrorDetail, 0, len(r.Violations))
		for _, v := range r.Violations {
			details = append(details, &huma.ErrorDetail{Message: v.Message, Location: v.Field, Value: v.Rule})
		}
		if r.Conflict {
			return fail(events.ProblemConflict, r.Error(), details...)
		}
		return fail(events.ProblemRefused, r.Error(), details...)
	}
	switch {
	case errors.Is(err, events.ErrBusy):
		return fail(events.ProblemBusy, err.Error())
	case errors.Is(err, events.ErrNoDeadLetter):
		return fail(events.ProblemNotFound, err.Error())
	case errors.Is(err, saga.ErrFull):
		return fail(events.ProblemFull, err.Error())
	case errors.Is(err, saga.ErrUnavailable):
		return fail(events.ProblemUnavailable, err.Error())
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fail(events.ProblemTimeout, "no answer in time; ask again")
	}
	return fail(events.ProblemInternal, err.Error())
}
