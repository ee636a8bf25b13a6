package aviatrix_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/culvertnet/culvert/adapters/simcloud/aviatrix"
)

func TestOracle(t *testing.T) {
	r := newRig(t, "")
	oracle := aviatrix.Oracle(r.w)
	const allow, deny = `{"verdict":"allow","steered":false}`, `{"verdict":"deny","steered":true}`
	const unfiltered = `{"verdict":"unfiltered","steered":false}`
	for query, want := range map[string]string{
		"spoke-2&source=10.20.0.0/28&fqdn=updates.example.com&port=443":            allow,
		"spoke-2&source=10.20.0.5&fqdn=evil.example&port=443&tags=a,avx-snat-noip": deny,
		"spoke-1&source=10.10.0.5&fqdn=evil.example&port=443":                      unfiltered,
		"spoke-1&source=nowhere": "read source",
	} {
		rec := httptest.NewRecorder()
		oracle.ServeHTTP(rec, httptest.NewRequest("GET", "/?controller=avx-82&gateway="+query, nil))
		if got := rec.Body.String(); !strings.Contains(got, want) {
			t.Errorf("%s: want %s, got %s", query, want, got)
		}
	}
}

// Many callers at once: every write is whole, and the incremental calls lose nothing.
func TestManyCallersAtOnce(t *testing.T) {
	r := newRig(t, "")
	c := r.login("avx-82")
	c.must("add_fqdn_filter_tag", "tag_name", "ours")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			rule := fmt.Sprintf(`[{"fqdn":"h%d.example","proto":"tcp","port":"443"}]`, i)
			if a := c.call("add_fqdn_policies_to_tag", "tag_name", "ours", "policies", rule); !a.Return {
				t.Errorf("rule %d: %s", i, a.Body)
			}
			list := fmt.Sprintf("10.10.0.0/24,10.200.0.%d/32", i)
			if a := c.call("edit_gateway_advertised_cidr", "gateway_name", "spoke-1", "cidr", list); !a.Return {
				t.Errorf("list %d: %s", i, a.Body)
			}
		})
	}
	wg.Wait()
	if rules := c.must("list_fqdn_filter_tag_domain_names", "tag_name", "ours").rows(); len(rules) != 8 {
		t.Errorf("8 rules were added one by one, %d are there", len(rules))
	}
	if list := texts(row(t, c, "spoke-1")["include_cidr_list"]); len(list) != 2 {
		t.Errorf("8 whole lists were written, the last one stands: %v", list)
	}
}
