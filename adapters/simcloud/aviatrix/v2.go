package aviatrix

import (
	"encoding/json"
	"net/http"
	"strconv"
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
	if name != "get_api_token" && name != "login" && !c.sessions.valid(in.get("CID"), c.w.Now()) {
		// Before any fault: one that promises an effect must not be spent on a call that has none.
		world.Answer{Status: http.StatusOK, Header: jsonHeader(), Body: envelope(nil, expired(r, in))}.Send(rw)
		return
	}
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
	if in.tx.Fault != nil { // the only fault that reaches a handler is expire-session
		c.sessions.end(in.in.get("CID"))
		return envelope(nil, expired(r, in.in))
	}
	if !known {
		// guess: the text. Calls that a version does not have come here too: FQDN tags on 9.0 and later.
		return envelope(nil, refuse("Invalid action: %s.", in.name))
	}
	if err := in.strange(); err != nil {
		return envelope(nil, err)
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
			return world.Answer{
				Status: http.StatusOK, Header: jsonHeader(), Body: envelope(nil, refuse("%s", faultReason(f))),
			}
		},
		// A proxy's page, by default; with a status that is no HTTP one, the controller's own words for a gateway that
		// it could not reach (error-msgs.rst), which tell nobody whether the change was made.
		Unavailable: func(f world.Fault) world.Answer {
			status := http.StatusServiceUnavailable
			if f.Status != "" {
				n, err := strconv.Atoi(f.Status)
				if err != nil {
					return world.Answer{
						Status: http.StatusOK, Header: jsonHeader(), Body: envelope(nil, undelivered(f)),
					}
				}
				status = n
			}
			return page(status, strconv.Itoa(status)+" "+http.StatusText(status))
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

func undelivered(f world.Fault) error {
	return refuse("[%s] Failed to deliver msg to gw: HTTPSConnectionPool(...): Max retries exceeded (connect "+
		"timeout=10)", strings.Trim(f.Status, "[]"))
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
