package aviatrix

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// The groups every controller has (F2D:README).
const (
	anywhereID = "def000ad-0000-0000-0000-000000000000"
	internetID = "def000ad-0000-0000-0000-000000000001"
	anyWebID   = "def000ad-0000-0000-0000-000000000002"
)

// appDomain is what is stored: a SmartGroup or a WebGroup.
type appDomain struct {
	UUID     string   `json:"uuid"`
	Name     string   `json:"name"`
	Selector selector `json:"selector"`
	System   bool     `json:"system_resource,omitempty"`
}

type selector struct {
	Any []expression `json:"any"`
}

type expression struct {
	All map[string]any `json:"all"`
}

var selectorKeys = []string{
	"cidr", "fqdn", "site", "s2c", "external", "type", "name", "region", "zone", "account_name", "account_id", "res_id",
	"k8s_cluster_id", "k8s_namespace", "k8s_service", "k8s_pod", "snifilter", "urlfilter",
}

// uuidOf makes the id of something the scenario names.
func uuidOf(parts ...string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("aviatrix/"+strings.Join(parts, "/"))).String()
}

// newUUID makes an id nobody has.
func (c *call) newUUID() string { return uuidOf(c.ctl.conf.Name, fmt.Sprint(c.tx.ID())) }

// groupIDs are the ids of all groups; a rule set has hundreds of references to check.
func (c *call) groupIDs() map[string]bool {
	ids := map[string]bool{}
	for _, e := range c.tx.List(Vendor, kindAppDomain, c.key("")) {
		id, _ := e.Doc["uuid"].(string)
		ids[id] = true
	}
	return ids
}

func (c *call) appDomain(id string) (appDomain, error) {
	for _, d := range all[appDomain](c, kindAppDomain) {
		if d.UUID == id {
			return d, nil
		}
	}
	return appDomain{}, missing("App domain not found")
}

func listAppDomains(c *restCall) (any, error) {
	domains := all[appDomain](&c.call, kindAppDomain)
	if domains == nil {
		domains = []appDomain{}
	}
	return map[string]any{"app_domains": domains}, nil
}

func getAppDomain(c *restCall) (any, error) { return answerWith(c.appDomain(c.id)) }

func getAppDomainByName(c *restCall) (any, error) {
	d, ok := load[appDomain](&c.call, kindAppDomain, c.id)
	if !ok {
		return nil, missing("App domain not found")
	}
	return d, nil
}

func answerWith[T any](v T, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return v, nil
}

func createAppDomain(c *restCall) (any, error) {
	d, err := c.wantedAppDomain()
	if err != nil {
		return nil, err
	}
	if c.tx.Has(Vendor, kindAppDomain, c.key(d.Name)) {
		// guess: the text, and that names are unique
		return nil, refuse("App domain with name %s already exists", d.Name)
	}
	d.UUID = c.newUUID()
	c.put(kindAppDomain, d, d.Name)
	return map[string]string{"uuid": d.UUID}, nil
}

// updateAppDomain replaces the whole object, the selector list with it.
func updateAppDomain(c *restCall) (any, error) {
	old, err := c.appDomain(c.id)
	if err != nil {
		return nil, err
	}
	d, err := c.wantedAppDomain()
	if err != nil {
		return nil, err
	}
	if old.System {
		return nil, refusal{http.StatusForbidden, "System app domain cannot be changed"}
	}
	if d.Name != old.Name {
		if c.tx.Has(Vendor, kindAppDomain, c.key(d.Name)) {
			return nil, refuse("App domain with name %s already exists", d.Name)
		}
		c.tx.QuietDelete(Vendor, kindAppDomain, c.key(old.Name)) // one effect: the ledger shows the new name
	}
	d.UUID = old.UUID
	c.put(kindAppDomain, d, d.Name)
	return map[string]string{"uuid": d.UUID}, nil
}

// deleteAppDomain refuses while a rule refers to the group (guess: the vendor's refusal was not found).
func deleteAppDomain(c *restCall) (any, error) {
	d, err := c.appDomain(c.id)
	if err != nil {
		return nil, err
	}
	if d.System {
		return nil, refusal{http.StatusForbidden, "System app domain cannot be deleted"}
	}
	for _, set := range append(all[ruleSet](&c.call, kindRuleSet), c.policyList()) {
		for _, r := range set.Policies {
			if r.refersTo(d.UUID) {
				return nil, refuse("App domain %s is referenced by policy %s", d.Name, r.Name)
			}
		}
	}
	c.remove(kindAppDomain, d.Name)
	return nil, nil
}

func (c *restCall) wantedAppDomain() (appDomain, error) {
	var sent struct {
		Name     string   `json:"name"`
		Selector selector `json:"selector"`
	}
	d := appDomain{}
	if err := c.decode(&sent, "smart_group.go, web_group.go"); err != nil {
		return d, err
	}
	d.Name, d.Selector = sent.Name, sent.Selector
	if d.Name == "" {
		return d, refuse("Name is required")
	}
	return d, d.Selector.check()
}

// check refuses selectors the vendor cannot have. guess: the texts.
func (s selector) check() error {
	if len(s.Any) == 0 {
		return refuse("Selector must have at least one expression")
	}
	kinds := map[string]bool{}
	for _, e := range s.Any {
		for key, value := range e.All {
			if !slices.Contains(selectorKeys, key) && !strings.HasPrefix(key, "tags.") && !strings.HasPrefix(key,
				"ext_args") {
				return refuse("Unknown selector key %s", key)
			}
			if text, ok := value.(string); key == "cidr" && (!ok || len(parsed([]string{text})) == 0) {
				return refuse("Invalid CIDR %v", value)
			}
			kinds[key] = true
		}
		if len(e.All) == 0 {
			return refuse("Selector expression must not be empty")
		}
	}
	web := kinds["snifilter"] || kinds["urlfilter"]
	if kinds["snifilter"] && kinds["urlfilter"] {
		return refuse("snifilter and urlfilter cannot be used in one group")
	}
	if web && len(kinds) > 1 {
		return refuse("Web filters cannot be mixed with other selectors")
	}
	return nil
}

// texts collects the values of one key over all expressions.
func (s selector) texts(key string) []string {
	var out []string
	for _, e := range s.Any {
		if text, ok := e.All[key].(string); ok {
			out = append(out, text)
		}
	}
	return out
}

func (s selector) text() string {
	b, err := json.Marshal(s)
	if err != nil {
		panic("compare selector: " + err.Error()) // plain data
	}
	return string(b)
}
