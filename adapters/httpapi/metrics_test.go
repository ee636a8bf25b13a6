package httpapi_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/culvertnet/culvert/workers"
)

// What is written has to be read by Prometheus' own reader, whatever the labels hold: Go's %q writes escapes that it
// refuses, and a refused line loses the whole page.
func TestMetricsAreReadByPrometheus(t *testing.T) {
	r := start(t)
	const odd = "a\"b\\c\nd\u00a0e\tf\x7f"
	r.lives(odd, workers.Beat{Running: 1, Waits: []workers.BudgetWait{{Project: "p", Group: "dns.read", Seconds: 2.5}}})
	r.lives("other", workers.Beat{Waits: []workers.BudgetWait{{Project: "p", Group: "dns.read", Seconds: 1}}})
	r.submit("1", "orders")
	a := r.ask("GET", "/metrics", "")
	if kind := a.header.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain; version=0.0.4; charset=utf-8") {
		t.Errorf("content type %q", kind)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(a.body)))
	if err != nil {
		t.Fatalf("%v:\n%s", err, a.body)
	}
	want := []string{"culvert_backlog", "culvert_oldest_seconds", "culvert_queued", "culvert_rate_wait_seconds",
		"culvert_running", "culvert_sagas", "culvert_workers"}
	if got := slices.Sorted(maps.Keys(families)); !slices.Equal(got, want) {
		t.Errorf("families %v, want %v", got, want)
	}
	waits := families["culvert_rate_wait_seconds"].GetMetric()
	if len(waits) != 1 || waits[0].GetGauge().GetValue() != 2.5 || len(waits[0].GetLabel()) != 2 {
		t.Errorf("waits for the rate: %v", waits)
	}
	found := false
	for _, m := range families["culvert_workers"].GetMetric() {
		found = found || m.GetLabel()[0].GetName() == "capability" && m.GetLabel()[0].GetValue() == odd &&
			m.GetGauge().GetValue() == 1
	}
	if !found {
		t.Errorf("no worker of %q:\n%s", odd, a.body)
	}
}
