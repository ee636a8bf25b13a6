package lab

import (
	"encoding/json"
	"maps"
	"sync"

	"github.com/nats-io/nats.go"

	"github.com/culvertnet/culvert/adapters/pubsub/pubsublocal"
	"github.com/culvertnet/culvert/events"
)

// Results counts the results that each worker publishes, as anybody may who reads the bus. Safe for concurrent use.
type Results struct {
	counts func() map[string]int
	stop   func()
}

// Counts are the results so far, by the worker's name. The map is the caller's.
func (r *Results) Counts() map[string]int { return r.counts() }

// Total are all results so far.
func (r *Results) Total() int {
	n := 0
	for _, one := range r.counts() {
		n += one
	}
	return n
}

// Stop ends the counting.
func (r *Results) Stop() { r.stop() }

// ObserveNATS counts from now on.
func ObserveNATS(url string) (*Results, error) {
	nc, err := nats.Connect(url, nats.MaxReconnects(-1))
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	by := map[string]int{}
	_, err = nc.Subscribe(events.Results.Subject, func(m *nats.Msg) {
		mu.Lock()
		defer mu.Unlock()
		count(by, m.Data)
	})
	if err != nil {
		nc.Close()
		return nil, err
	}
	r := &Results{stop: nc.Close, counts: func() map[string]int {
		mu.Lock()
		defer mu.Unlock()
		return maps.Clone(by)
	}}
	return r, nc.Flush()
}

// observePubSub counts all that was ever published.
func observePubSub(bus *pubsublocal.Server) *Results {
	return &Results{stop: func() {}, counts: func() map[string]int {
		by := map[string]int{}
		for _, body := range bus.Published("culvert-results") {
			count(by, body)
		}
		return by
	}}
}

// count adds one message, if it is a result.
func count(by map[string]int, body []byte) {
	var r events.Result
	if json.Unmarshal(body, &r) == nil {
		by[r.Worker]++
	}
}
