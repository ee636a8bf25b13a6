package httpapi

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// The families of /metrics. Their names are what dashboards and autoscalers are written for.
var (
	backlogFamily = capabilityFamily("culvert_backlog", "Open commands that no worker has in hand.")
	runningFamily = capabilityFamily("culvert_running", "Commands that workers have in hand.")
	oldestFamily  = capabilityFamily("culvert_oldest_seconds", "Age of the oldest open command.")
	workersFamily = capabilityFamily("culvert_workers", "Workers that take commands.")
	sagasFamily   = prometheus.NewDesc("culvert_sagas",
		"Newest sagas of connections that have not ended, or are stuck.",
		[]string{"status"}, nil)
	queuedFamily = prometheus.NewDesc("culvert_queued",
		"Accepted intents that wait behind another saga of their connection.", nil, nil)
)

func capabilityFamily(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, []string{"capability"}, nil)
}

// gauges are one reading of the signals.
type gauges Signals

// Describe implements [prometheus.Collector].
func (v gauges) Describe(to chan<- *prometheus.Desc) {
	for _, family := range []*prometheus.Desc{
		backlogFamily, runningFamily, oldestFamily, workersFamily, sagasFamily, queuedFamily,
	} {
		to <- family
	}
}

// Collect implements [prometheus.Collector].
func (v gauges) Collect(to chan<- prometheus.Metric) {
	gauge := func(family *prometheus.Desc, value float64, labels ...string) {
		m, err := prometheus.NewConstMetric(family, prometheus.GaugeValue, value, labels...)
		if err != nil {
			m = prometheus.NewInvalidMetric(family, err)
		}
		to <- m
	}
	for _, c := range v.Capabilities {
		gauge(backlogFamily, float64(c.Backlog), c.Capability)
		gauge(runningFamily, float64(c.Running), c.Capability)
		gauge(oldestFamily, c.OldestSeconds, c.Capability)
		gauge(workersFamily, float64(c.Workers), c.Capability)
	}
	for status, n := range v.Sagas {
		gauge(sagasFamily, float64(n), string(status))
	}
	gauge(queuedFamily, float64(v.Queued))
}

// serveMetrics writes the signals in the text format of Prometheus, or in another one that the reader asks for.
func serveMetrics(w http.ResponseWriter, r *http.Request, v Signals) {
	registry := prometheus.NewRegistry()
	if err := registry.Register(gauges(v)); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, r)
}
