package aviatrix

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// action is one named call of the v1 and v2 API.
type action struct {
	run   func(*call) (any, error)
	about []string      // the fields that name what it is about, for faults that match a resource
	took  time.Duration // vendor time a successful answer takes
	async bool          // may be sent with async=true
}

// The reason of a refusal made by a fault.
const refusedByFault = "[AVXERR-SIM-0001] refused"

// serveAction answers one v1 or v2 call. Whatever goes wrong inside the controller is HTTP 200 with return:false.
func (c *controller) serveAction(rw http.ResponseWriter, r *http.Request) {
	in, err := readFields(r)
	if err != nil {
		http.Error(rw, "read request: "+err.Error(), http.StatusBadRequest)
		return
	}
	name := in.get("action")
	act, known := c.actions[name]
	var took time.Duration
	c.serve(rw, r, world.Guard{
		Call:   world.Call{Vendor: Vendor, Name: name, Resource: c.resource(act, in)},
		Shapes: shapes(),
		Run: func(tx *world.Tx) world.Answer {
			inner := &call{tx: tx, ctl: c, name: name, in: in}
			body := c.answer(inner, r, act, known)
			took = inner.took
			return world.Answer{Status: http.StatusOK, Header: jsonHeader(), Body: body}
		},
	}, &took)
}

func (c *controller) answer(in *call, r *http.Request, act action, known bool) []byte {
	switch in.name {
	case "get_api_token":
		return envelope(getAPIToken(in))
	case "login":
		return c.login(in, r.Header.Get("X-Access-Key"))
	}
	cid := in.in.get("CID")
	if in.tx.Fault != nil { // the only fault that reaches a handler is expire-session
		c.sessions.end(cid)
	}
	if !c.sessions.valid(cid, in.tx.Now()) {
		return envelope(nil, expired(r, in.in))
	}
	if !known {
		// guess: the text. Calls that a version does not have come here too: FQDN tags on 9.0 and later.
		return envelope(nil, refuse("Invalid action: %s.", in.name))
	}
	results, err := act.run(in)
	if err != nil {
		return envelope(nil, err)
	}
	if act.async && in.in.yes("async") {
		return envelope(startTask(in, act.took), nil)
	}
	in.took = act.took
	return envelope(results, nil)
}

// resource is what a fault's match is compared with: controller, then the names in the request.
func (c *controller) resource(act action, in fields) string {
	parts := []string{c.conf.Name}
	for _, name := range act.about {
		if v := in.get(name); v != "" {
			parts = append(parts, v)
		}
	}
	return strings.Join(parts, "/")
}

// shapes are the controller's words for the faults. guess: 429 as throttle; no rate limit is documented.
func shapes() world.Shapes {
	page := func(status int, text string) world.Answer {
		return world.Answer{
			Status: status,
			Header: http.Header{"Content-Type": {"text/html"}},
			Body:   []byte("<html><body><h1>" + text + "</h1></body></html>"),
		}
	}
	return world.Shapes{
		Refuse: func(f world.Fault) world.Answer {
			return world.Answer{Status: http.StatusOK, Header: jsonHeader(), Body: envelope(nil, refuse("%s", faultReason(f)))}
		},
		Unavailable: func(world.Fault) world.Answer {
			return page(http.StatusServiceUnavailable, "503 Service Temporarily Unavailable")
		},
		Throttle: func(world.Fault) world.Answer { return page(http.StatusTooManyRequests, "429 Too Many Requests") },
	}
}

// faultReason lets a fault bring its own vendor code: AVXERR-TRANSIT-0034.
func faultReason(f world.Fault) string {
	if f.Status == "" {
		return refusedByFault
	}
	return "[" + strings.Trim(f.Status, "[]") + "] refused"
}

func jsonHeader() http.Header { return http.Header{"Content-Type": {"application/json"}} }

// envelope is the answer of every v1 and v2 call.
func envelope(results any, err error) []byte {
	if err != nil {
		return marshal(map[string]any{"return": false, "reason": err.Error()})
	}
	if results == nil {
		results = "Command completed successfully."
	}
	return marshal(map[string]any{"return": true, "results": results})
}

func marshal(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic("write answer: " + err.Error()) // answers are plain data
	}
	return text
}
