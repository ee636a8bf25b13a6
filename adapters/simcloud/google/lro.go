package google

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// lro is a long-running operation of the newer APIs (google.longrunning.Operation).
type lro struct {
	took     time.Duration
	metadata map[string]any // as answered at once; endTime is added when done
	ended    string         // field of the metadata that holds the end time; "" = none
	response map[string]any // with "@type"; answered when done
	failed   *failure       // instead of the response
}

// failure is how an operation ends badly: a google.rpc.Status.
type failure struct {
	code    int
	message string
}

// start stores an operation under way and answers it.
func (r *request) start(o lro) world.Doc {
	id := r.tx.ID()
	name := fmt.Sprintf("projects/%s/locations/%s/operations/%08x-%04x-4%03x-8%03x-%012x", r.project, r.region,
		uint32(id>>31), uint16(id>>15), id>>3&0xfff, id>>45&0xfff, r.tx.ID()>>15)
	doc := world.Doc{"name": name, "metadata": o.metadata}
	r.tx.QuietPut(vendor, "lros", name, doc)
	done := world.Doc{"done": true}
	if o.ended != "" {
		ended := without(o.metadata)
		ended[o.ended] = stamp(r.tx.Due(o.took))
		done["metadata"] = map[string]any(ended)
	}
	if o.failed != nil {
		done["error"] = map[string]any{"code": o.failed.code, "message": o.failed.message}
	} else {
		done["response"] = o.response
	}
	r.later(o.took, "lros", name, done)
	return doc
}

// inside returns the failure that a fault puts inside the operation: the fault's status is a google.rpc code.
func (r *request) inside() *failure {
	if r.tx.Fault == nil {
		return nil
	}
	code := rpcCode(r.tx.Fault.Status)
	return &failure{code, fmt.Sprintf("The operation failed with code %d.", code)}
}

// rpcCodes are the names of google.rpc codes.
var rpcCodes = []string{"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
	"ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
	"UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"}

// rpcCode reads a code by number or by name.
func rpcCode(status string) int {
	if i := slices.Index(rpcCodes, status); i > 0 {
		return i
	}
	code, err := strconv.Atoi(status)
	if err != nil {
		panic("read status " + status) // shapes has asked isRPC
	}
	return code
}

// isRPC tells whether a fault's status is a code that an operation of the newer APIs can end with. Another word, of a
// fault for every call, is the refusal of the call itself there.
func isRPC(status string) bool {
	_, err := strconv.Atoi(status)
	return err == nil || slices.Index(rpcCodes, status) > 0
}

// withRPCCodes are the collections whose operations end with a google.rpc code.
var withRPCCodes = []string{"connectors", "services", "functions", "revisions", "jobs", "workerPools", "instances"}

// CheckFault refuses a status that the calls of Run, Functions and VPC Access do not know: a fault with another code
// than the one that was meant proves nothing.
func CheckFault(call, status string) error {
	collection, _, _ := strings.Cut(call, ".")
	if status == "" || !slices.Contains(withRPCCodes, collection) {
		return nil
	}
	if !isRPC(status) {
		return fmt.Errorf("add fault: no status %q of %s: want a number or a name of a google.rpc code", status, call)
	}
	return nil
}

func getLRO(r *request) (world.Doc, *refusal) {
	name := "projects/" + r.project + "/locations/" + r.region + "/operations/" + r.name
	doc, ok := r.get("lros", name)
	if !ok {
		return nil, rpcNotFound("Operation %s not found", name)
	}
	return doc, nil
}

func listLROs(r *request) (world.Doc, *refusal) {
	entries := slices.Collect(r.all("lros", "projects/"+r.project+"/locations/"+r.region+"/operations/"))
	return r.rpcList(listing{field: "operations", sizeParameter: "pageSize", size: 100}, entries), nil
}

func rpcNotFound(format string, args ...any) *refusal {
	return &refusal{status: 404, reason: "notFound", rpc: "NOT_FOUND", message: fmt.Sprintf(format, args...)}
}

func rpcInvalid(format string, args ...any) *refusal {
	return &refusal{status: 400, reason: "badRequest", rpc: "INVALID_ARGUMENT", message: fmt.Sprintf(format, args...)}
}
