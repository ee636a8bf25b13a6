package reach

import "testing"

// What the model predicts of each step is what the readers observe, there and back: one plan with a connector, a
// filter, an endpoint and names. make proof-facts goes all ways of all plans.
func TestEffectsArePredicted(t *testing.T) {
	for _, p := range factPlans() {
		if p.name != "router-firewall-connector" {
			continue
		}
		passages, err := p.travel(t.Context(), factWorld(), false)
		if err != nil || len(passages) != 2 {
			t.Fatalf("%d passages: %v", len(passages), err)
		}
		for _, one := range passages {
			if one.err != nil || one.compared["do"]+one.compared["undo"] != 10 {
				t.Errorf("%s: compared %v: %v", one.name, one.compared, one.err)
			}
			for _, f := range one.found {
				t.Errorf("%s: %s", one.name, f)
			}
		}
		return
	}
	t.Fatal("there is no such plan")
}
