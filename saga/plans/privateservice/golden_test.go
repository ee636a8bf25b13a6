package privateservice

import (
	"testing"

	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/plans/kind/kindtest"
)

func TestDiagramsGolden(t *testing.T) {
	all := exampleData(t)
	for name, data := range variants() {
		all[name] = data
	}
	all["explained"] = example
	drawn := map[string]saga.Plan{}
	for name, data := range all {
		drawn[name] = planned(t, data)
	}
	kindtest.Diagrams(t, drawn)
}
