package google

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// op describes a Compute operation to start.
type op struct {
	typ    string        // operationType
	target string        // relative name
	id     string        // of the target
	took   time.Duration // vendor time until DONE; 0 = DONE at once
	unseen bool          // the target is told only when the operation is done
}

// accept starts an operation and has its effect, once for each requestId. A fault that fails inside the operation
// leaves no effect; the operation is remembered under its requestId all the same.
func (r *request) accept(o op, effect func()) (world.Doc, *refusal) {
	if r.tx.Fault == nil {
		effect()
	}
	doc := r.operation(o)
	if r.tx.Fault != nil {
		r.failInside(doc, o.took)
	}
	r.remember(doc)
	return doc, nil
}

// remember keeps an operation under the request id of its call.
func (r *request) remember(operation world.Doc) {
	if id := r.query.Get("requestId"); id != "" {
		key := strings.Join([]string{r.project, id, r.http.Method, r.http.URL.Path}, " ")
		r.tx.QuietPut(vendor, "requests", key, world.Doc{"operation": r.operationName(str(operation, "name"))})
	}
}

// usedInside starts an operation that ends with a refusal and has no effect, as the deletion of a network in use does
// in recordings (kcc: DONE with 400 and RESOURCE_IN_USE_BY_ANOTHER_RESOURCE).
func (r *request) usedInside(o op, why *refusal) world.Doc {
	doc := r.operation(o)
	r.later(o.took, "operations", r.operationName(str(doc, "name")), world.Doc{
		"httpErrorStatusCode": why.status, "httpErrorMessage": "BAD REQUEST",
		"error": map[string]any{"errors": []any{map[string]any{
			"code": "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", "message": why.message}}},
	})
	r.remember(doc)
	return doc
}

// repeated returns the operation that an earlier call with the same requestId started, however it ended: the server
// ignores the repeat of a request that has been completed (discovery document, requestId).
func (r *request) repeated() (world.Doc, *refusal, bool) {
	id := r.query.Get("requestId")
	if id == "" {
		return nil, nil, false
	}
	if parsed, err := uuid.Parse(id); err != nil || parsed == uuid.Nil {
		return nil, invalid("requestId", id, "Must be a valid UUID that is not zero."), true
	}
	key := strings.Join([]string{r.project, id, r.http.Method, r.http.URL.Path}, " ")
	earlier, ok := r.get("requests", key)
	if !ok {
		return nil, nil, false
	}
	doc, ok := r.get("operations", str(earlier, "operation"))
	return doc, nil, ok
}

func (r *request) scope() string {
	switch {
	case r.project == "":
		return "locations/global"
	case r.region != "":
		return "projects/" + r.project + "/regions/" + r.region
	}
	return "projects/" + r.project + "/global"
}

func (r *request) operationName(name string) string { return r.scope() + "/operations/" + name }

func (r *request) operation(o op) world.Doc {
	id := r.tx.ID()
	name := fmt.Sprintf("operation-%d-%013x-%08x-%08x", r.tx.Now().UnixMilli(), id>>11, uint32(id), uint32(id>>32))
	doc := world.Doc{
		"kind": "compute#operation", "id": strconv.FormatUint(id, 10), "name": name, "operationType": o.typ,
		"status":   "RUNNING",
		"progress": 0, "insertTime": r.now(), "startTime": r.now(), "user": "user@example.com",
		"targetLink": link(o.target), "targetId": o.id, "selfLink": link(r.operationName(name)),
	}
	if client := r.query.Get("requestId"); client != "" {
		doc["clientOperationId"] = client
	}
	if r.region != "" {
		doc["region"] = link("projects/" + r.project + "/regions/" + r.region)
	}
	done := world.Doc{"status": "DONE", "progress": 100, "endTime": stamp(r.tx.Due(o.took))}
	if o.unseen {
		for _, field := range []string{"targetLink", "targetId"} {
			done[field] = doc[field]
			delete(doc, field)
		}
	}
	if o.took == 0 {
		for k, v := range done {
			doc[k] = v
		}
	}
	r.tx.QuietPut(vendor, "operations", r.operationName(name), doc)
	if o.took > 0 {
		r.later(o.took, "operations", r.operationName(name), done)
	}
	return doc
}

// failInside makes an operation end in the fault's error code, as quota and policy errors do. httpErrorStatusCode is
// what gRPC-style clients read; Google's own Go client reports success when it is missing. guess: which codes come with
// one, and which without.
func (r *request) failInside(operation world.Doc, took time.Duration) {
	code := r.tx.Fault.Status
	message := fmt.Sprintf("The operation failed: %s.", code)
	end := world.Doc{"error": map[string]any{"errors": []any{map[string]any{"code": code, "message": message}}}}
	switch {
	case strings.Contains(code, "QUOTA") || strings.Contains(code, "PERMISSION"):
		end["httpErrorStatusCode"], end["httpErrorMessage"] = 403, "FORBIDDEN"
	case strings.Contains(code, "INVALID") || strings.Contains(code, "IN_USE"):
		end["httpErrorStatusCode"], end["httpErrorMessage"] = 400, "BAD REQUEST"
	}
	r.later(took, "operations", r.operationName(str(operation, "name")), end)
}

func operationMethods() []method {
	var out []method
	for _, scope := range []struct{ path, call string }{
		{"projects/{project}/global", "globalOperations"},
		{"projects/{project}/regions/{region}", "regionOperations"},
		{"locations/global", "globalOrganizationOperations"},
	} {
		out = append(out,
			method{pattern: "GET " + scope.path + "/operations/{name}", call: scope.call + ".get", run: getOperation},
			method{pattern: "POST " + scope.path + "/operations/{name}/wait", call: scope.call + ".wait",
				run: getOperation},
			method{pattern: "GET " + scope.path + "/operations", call: scope.call + ".list", run: listOperations},
		)
	}
	return out
}

// waitDone blocks until the operation is done, at most two minutes of vendor time, before the call itself is served:
// the vendor's wait is "best effort" and may answer before the operation is done.
func (r *request) waitDone() {
	for range 120 {
		status := ""
		_ = r.w.Do(func(tx *world.Tx) error { // reads only: nothing that could fail to be written
			doc, _ := tx.Get(vendor, "operations", r.operationName(r.name))
			status = str(doc, "status")
			return nil
		})
		if status != "RUNNING" {
			return
		}
		select {
		case <-r.w.After(time.Second):
		case <-r.http.Context().Done():
			return
		}
	}
}

func getOperation(r *request) (world.Doc, *refusal) {
	name := r.operationName(r.name)
	doc, ok := r.get("operations", name)
	if !ok {
		return nil, notFound(name)
	}
	return doc, nil
}

func listOperations(r *request) (world.Doc, *refusal) {
	return r.page("compute#operationList", r.tx.List(vendor, "operations", r.scope()+"/operations/"), nil)
}
