package wiring

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/events"
)

// remembering answers a repeated request id with the first operation, failed or not, as Compute does ("the server will
// ignore the request if it has already been completed", compute/v1 discovery document). A daemon whose calls go on
// under the id of a failed operation never gets further behind it.
type remembering struct {
	next http.RoundTripper

	mu    sync.Mutex
	first map[string]string // URL of the first operation by call and request id
}

// RoundTrip passes a call on, or answers with the operation that an earlier one began.
func (r *remembering) RoundTrip(req *http.Request) (*http.Response, error) {
	id := req.URL.Query().Get("requestId")
	if id == "" {
		return r.next.RoundTrip(req)
	}
	key := req.Method + " " + req.URL.Path + " " + id
	r.mu.Lock()
	earlier := r.first[key]
	r.mu.Unlock()
	if earlier != "" {
		read, err := http.NewRequestWithContext(req.Context(), http.MethodGet, earlier, nil)
		if err != nil {
			return nil, err
		}
		return r.next.RoundTrip(read)
	}
	resp, err := r.next.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	var begun struct{ SelfLink string }
	if err != nil || json.Unmarshal(body, &begun) != nil || begun.SelfLink == "" {
		return resp, err
	}
	_, path, _ := strings.Cut(begun.SelfLink, "/compute/v1/")
	r.mu.Lock()
	r.first[key] = req.URL.Scheme + "://" + req.URL.Host + "/compute/v1/" + path
	r.mu.Unlock()
	return resp, nil
}

// A cause ends an operation badly without being a refusal: one that the table knows for a Wait or a Retry, or a failure
// of the vendor's own that it does not know. compute is its word in an operation of Compute, newer the code of the
// other APIs.
type cause struct{ compute, newer string }

func causes() []cause {
	return []cause{
		{"RESOURCE_NOT_READY", "ABORTED"}, {"CONCURRENT_OPERATIONS_QUOTA_EXCEEDED", "PERMISSION_DENIED"},
		{"INTERNAL_ERROR", "INTERNAL"}, {"UNKNOWN_ERROR", "UNAVAILABLE"},
	}
}

// begun are the calls of an apply of the main example, and of its withdrawal, that begin an operation.
func begun() (apply, withdraw []string) {
	return []string{
			"globalAddresses.insert", "globalForwardingRules.insert", "routers.patch",
			"networkFirewallPolicies.addRule", "subnetworks.setPrivateIpGoogleAccess", "connectors.create",
			"services.patch",
		}, []string{
			"networkFirewallPolicies.removeRule", "globalForwardingRules.delete", "globalAddresses.delete",
			"connectors.delete", "services.patch", "routers.patch",
		}
}

// of is the cause as the API of a call spells it.
func (c cause) of(call string) string {
	collection, _, _ := strings.Cut(call, ".")
	if collection == "connectors" || collection == "services" {
		return c.newer
	}
	return c.compute
}

// startRemembering starts a daemon at a vendor that remembers failed operations.
func startRemembering(t *testing.T) *daemon {
	t.Helper()
	d := startDaemon(t)
	d.wire.next = &remembering{next: d.wire.next, first: map[string]string{}}
	return d
}

// Operations that end badly once, for a reason that may pass, end no intent: each deed is done afresh, under a new
// request id where the call has one, forward and back.
func TestAnOperationThatEndsBadlyOnceIsDoneAfresh(t *testing.T) {
	apply, withdraw := begun()
	for _, why := range causes() {
		t.Run(why.compute+" "+why.newer, func(t *testing.T) {
			d := startRemembering(t)
			in := sample(t, "connector")
			for _, call := range apply {
				d.fault(call, world.Refuse, why.of(call), 1)
			}
			d.ends(in, events.SagaCompleted)
			d.met(apply...)
			d.clear()
			for _, call := range withdraw {
				d.fault(call, world.Refuse, why.of(call), 1)
			}
			in.Want, in.Data = events.Withdraw, nil
			d.ends(in, events.SagaCompleted)
			d.met(withdraw...)
		})
	}
}

// One that ends badly for ever is given up, with the vendor's own words.
func TestAnOperationThatAlwaysEndsBadlyIsGivenUpWithTheVendorsWords(t *testing.T) {
	for call, back := range map[string]bool{
		"networkFirewallPolicies.addRule": false, "connectors.create": false, "connectors.delete": true,
	} {
		t.Run(call, func(t *testing.T) {
			d := startRemembering(t)
			in, want := sample(t, "connector"), events.SagaCompensated
			if back {
				d.ends(in, events.SagaCompleted)
				in.Want, in.Data, want = events.Withdraw, nil, events.SagaStuck
			}
			d.fault(call, world.Refuse, cause{"INTERNAL_ERROR", "INTERNAL"}.of(call), world.Always)
			if v := d.ends(in, want).View(true); !strings.Contains(v.Reason, "The operation failed") {
				t.Errorf("ended %s: %s; want the vendor's words", v.Status, v.Reason)
			}
			d.met(call)
		})
	}
}
