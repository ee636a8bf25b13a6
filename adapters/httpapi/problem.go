package httpapi

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// A ProblemCode names, for programs, why the server refuses. It is the end of a problem's type (RFC 9457, 3.1.1).
type ProblemCode string

// ProblemInFlight: the engine is held, and commands that it has sent may still have an effect. Retry-After says how long.
const ProblemInFlight ProblemCode = "in-flight"

// problemType begins the type of every problem that has a code.
const problemType = "urn:culvert:problem:"

// coded is a refusal with a code.
func coded(status int, code ProblemCode, detail string) *huma.ErrorModel {
	return &huma.ErrorModel{Status: status, Title: http.StatusText(status), Type: problemType + string(code), Detail: detail}
}

// later is a refusal that is gone after a time.
func later(err huma.StatusError, after time.Duration) error {
	seconds := int64((after + time.Second - 1) / time.Second)
	return huma.ErrorWithHeaders(err, http.Header{"Retry-After": {strconv.FormatInt(seconds, 10)}})
}

// Code is the problem's code; "" when it has none.
func (p *Problem) Code() ProblemCode {
	code, is := strings.CutPrefix(p.Type, problemType)
	if !is {
		return ""
	}
	return ProblemCode(code)
}
