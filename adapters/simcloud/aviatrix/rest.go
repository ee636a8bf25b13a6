package aviatrix

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// restCall is one request of the v2.5 API inside its transaction.
type restCall struct {
	call
	id    string // the path's last part
	query func(string) string
	body  []byte
}

// restHandler answers with anything that JSON can carry, nil for an empty body.
type restHandler func(*restCall) (any, error)

// restRoutes is the v2.5 API. The names are what faults and ledger know the calls by.
func (c *controller) restRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	on := func(pattern, name string, h restHandler) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(
			method+" /v2.5/api/"+path, func(rw http.ResponseWriter, r *http.Request) { c.serveREST(rw, r, name, h) },
		)
	}
	on("GET app-domains", "app-domains.list", listAppDomains)
	on("POST app-domains", "app-domains.create", createAppDomain)
	on("GET app-domains/{id}", "app-domains.get", getAppDomain)
	on("GET app-domains/name/{id}", "app-domains.get", getAppDomainByName)
	on("PUT app-domains/{id}", "app-domains.update", updateAppDomain)
	on("DELETE app-domains/{id}", "app-domains.delete", deleteAppDomain)
	on("GET microseg/policy-list3", "policy-list3.list", listRuleSets)
	on("POST microseg/policy-list3", "policy-list3.create", createRuleSet)
	on("GET microseg/policy-list3/{id}", "policy-list3.get", getRuleSet)
	on("PUT microseg/policy-list3/{id}", "policy-list3.update", updateRuleSet)
	on("DELETE microseg/policy-list3/{id}", "policy-list3.delete", deleteRuleSet)
	on("GET microseg/attachment-points", "attachment-points.list", listPoints)
	on("GET microseg/policy-list", "policy-list.get", getPolicyList)
	on("PUT microseg/policy-list", "policy-list.update", putPolicyList)
	on("DELETE microseg/policy-list", "policy-list.delete", deletePolicyList)
	on("GET microseg/default-action-policy", "default-action-policy.get", getDefaultAction)
	on("PUT microseg/default-action-policy", "default-action-policy.update", putDefaultAction)
	on("GET microseg/deploy-policy", "deploy-policy.get", getDeployPolicy)
	on("POST microseg/deploy-policy", "deploy-policy.update", putDeployPolicy)
	on("GET microseg/intra-vpc", "intra-vpc.get", getIntraVPC)
	on("PUT microseg/intra-vpc", "intra-vpc.update", putIntraVPC)
	on("DELETE microseg/intra-vpc", "intra-vpc.delete", deleteIntraVPC)
	return mux
}

// serveREST answers one v2.5 call: errors are an HTTP status with {"message": ...}.
func (c *controller) serveREST(rw http.ResponseWriter, r *http.Request, name string, h restHandler) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		http.Error(rw, "read request: "+err.Error(), http.StatusBadRequest)
		return
	}
	cid, _ := strings.CutPrefix(r.Header.Get("Authorization"), "cid ")
	if !c.sessions.valid(cid, c.w.Now()) { // before any fault: see serveAction
		invalidCID().Send(rw)
		return
	}
	var named struct {
		Name string `json:"name"`
	}
	if len(body) > 0 {
		_ = json.Unmarshal(body, &named) // only to name the resource; the handler reports a bad body
	}
	id := r.PathValue("id")
	var took time.Duration
	c.serve(rw, r, world.Guard{
		Call: world.Call{
			Vendor: Vendor, Name: name, Resource: strings.Join([]string{c.conf.Name, id, named.Name}, "/"),
		},
		Shapes: restShapes(),
		Run: func(tx *world.Tx) world.Answer {
			in := &restCall{call: call{tx: tx, ctl: c, name: name}, id: id, body: body, query: r.URL.Query().Get}
			if tx.Fault != nil { // expire-session
				c.sessions.end(cid)
				return invalidCID()
			}
			answer, err := h(in)
			took = in.took
			return restAnswer(answer, err)
		},
	}, &took)
}

func restAnswer(v any, err error) world.Answer {
	if err != nil {
		status := http.StatusBadRequest
		if r, ok := err.(refusal); ok && r.status != 0 {
			status = r.status
		}
		return message(status, err.Error())
	}
	if v == nil {
		return world.Answer{Status: http.StatusOK, Header: jsonHeader()}
	}
	return world.Answer{Status: http.StatusOK, Header: jsonHeader(), Body: marshal(v)}
}

func invalidCID() world.Answer { return message(http.StatusForbidden, "Invalid CID") }

func message(status int, text string) world.Answer {
	return world.Answer{Status: status, Header: jsonHeader(), Body: marshal(map[string]string{"message": text})}
}

func restShapes() world.Shapes {
	v2 := shapes()
	return world.Shapes{
		Refuse:      func(f world.Fault) world.Answer { return message(http.StatusBadRequest, faultReason(f)) },
		Unavailable: v2.Unavailable,
		Throttle: func(world.Fault) world.Answer {
			return message(http.StatusTooManyRequests,
				"Too many requests")
		},
	}
}
