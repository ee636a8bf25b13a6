package reach

import "testing"

// TestNamesGoToTheInternet: a rule with names lets out to public addresses only, one with a range to the range.
func TestNamesGoToTheInternet(t *testing.T) {
	e := GatewayFilterEffect{Object: "ours", Gateway: "gw", Set: "ours", Priority: 100, Source: "10.8.0.0/28",
		Closed: true, Allow: []Allowed{{FQDN: "a.example", Protocol: "tcp", Ports: []string{"443"}},
			{CIDR: "10.20.0.0/24", Protocol: "tcp"}}}
	w, err := e.do(behind(Gateway{Controller: "c", Spoke: true, Cloud: true},
		Controller{Name: "c", Enabled: true, Sets: WholeList[RuleSet]()}), "net")
	if err != nil {
		t.Fatal(err)
	}
	rules := w.Controllers[0].Sets.Items[0].Rules
	private := ranges(t, "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
	if len(rules) != 3 || rules[0].Dst.Ranges.Overlaps(private) ||
		!rules[0].Dst.Ranges.Covers(ranges(t, "1.0.0.0/8", "172.32.0.0/11")) {
		t.Errorf("by name: %+v", rules)
	}
	if !rules[1].Dst.Ranges.Equal(ranges(t, "10.20.0.0/24")) {
		t.Errorf("by range: %+v", rules[1])
	}
}
