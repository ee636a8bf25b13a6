package httpapi

import (
	"net/http"
	"strconv"

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

// rateWaitFamily is about calls that a vendor counts.
var rateWaitFamily = prometheus.NewDesc("culvert_rate_wait_seconds",
	"Longest wait of a call for its turn in the rate of its project and group, since the workers' last beats.",
	[]string{"project", "group"}, nil)

// The families of the BGP speakers.
var (
	speakerUpFamily = prometheus.NewDesc("culvert_speaker_up", "1 while the BGP speaker gives signs of life.",
		[]string{"speaker"}, nil)
	announcedFamily = prometheus.NewDesc("culvert_speaker_announced", "Prefixes that the BGP speaker announces.",
		[]string{"speaker"}, nil)
	peerUpFamily    = peerFamily("culvert_peer_up", "1 while the session with the BGP peer is established.")
	peerSinceFamily = peerFamily("culvert_peer_since_seconds",
		"When the session came up or went down, in seconds since 1970.")
	peerRoutesFamily = peerFamily("culvert_peer_routes", "Prefixes that the BGP peer has told the speaker.")
	peerLimitFamily  = peerFamily("culvert_peer_max_prefixes",
		"Prefixes that the BGP peer takes; absent without a limit.")
	peerWordFamily = peerFamily("culvert_peer_last_notification",
		"1 for the notification that ended the last session, until ten minutes after the next one came up.",
		"code", "subcode")
)

func peerFamily(name, help string, more ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, append([]string{"speaker", "peer"}, more...), nil)
}

func capabilityFamily(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, []string{"capability"}, nil)
}

// gauges are one reading of the signals.
type gauges Signals

// Describe implements [prometheus.Collector].
func (v gauges) Describe(to chan<- *prometheus.Desc) {
	for _, family := range []*prometheus.Desc{
		backlogFamily, runningFamily, oldestFamily, workersFamily, sagasFamily, queuedFamily,
		speakerUpFamily, announcedFamily, peerUpFamily, peerSinceFamily, peerRoutesFamily, peerLimitFamily,
		peerWordFamily, rateWaitFamily,
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
	for _, w := range v.RateWaits {
		gauge(rateWaitFamily, w.Seconds, w.Project, w.Group)
	}
	for _, sp := range v.Speakers {
		gauge(speakerUpFamily, number(!sp.Silent), sp.Speaker)
		gauge(announcedFamily, float64(sp.Announced), sp.Speaker)
		for _, p := range sp.Peers {
			gauge(peerUpFamily, number(p.Up && !sp.Silent), sp.Speaker, p.Address)
			gauge(peerSinceFamily, float64(p.Since.Unix()), sp.Speaker, p.Address)
			gauge(peerRoutesFamily, float64(p.Routes), sp.Speaker, p.Address)
			if p.MaxPrefixes > 0 {
				gauge(peerLimitFamily, float64(p.MaxPrefixes), sp.Speaker, p.Address)
			}
			if p.Code > 0 {
				gauge(peerWordFamily, 1, sp.Speaker, p.Address, strconv.Itoa(p.Code), strconv.Itoa(p.Subcode))
			}
		}
	}
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
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
