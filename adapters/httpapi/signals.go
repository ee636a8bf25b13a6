package httpapi

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/workers"
)

// Signals are what an autoscaler needs. They come from the journal's listing and the workers' presence, so they are the
// same on every backend and from every orchestrator.
type Signals struct {
	Capabilities []CapabilitySignals `json:"capabilities"`
	// Sagas counts the newest sagas that have not ended, and the stuck ones, by status.
	Sagas map[events.SagaStatus]int `json:"sagas"`
	// Queued counts accepted intents that wait behind another saga of their connection.
	Queued int `json:"queued"`
	// Speakers are the BGP speakers with their peers.
	Speakers []SpeakerSignals `json:"speakers"`
	// RateWaits are the longest waits of calls for a vendor's rate since the workers' last beats, over all workers.
	RateWaits []workers.BudgetWait `json:"rateWaits"`
}

// CapabilitySignals are one capability's.
type CapabilitySignals struct {
	Capability string `json:"capability"`
	// Open commands are out; Running of them a worker has in hand; Backlog is the rest.
	Open    int `json:"open"`
	Running int `json:"running"`
	Backlog int `json:"backlog"`
	// OldestSeconds is the age of the oldest open command.
	OldestSeconds float64 `json:"oldestSeconds"`
	// Workers take commands now.
	Workers int `json:"workers"`
}

// unended are the statuses whose sagas an operator or an autoscaler still has to do with.
var unended = []events.SagaStatus{events.SagaAccepted, events.SagaRunning, events.SagaCompensating, events.SagaStuck}

func (s *server) signals(api huma.API, mux *http.ServeMux) {
	get(api, "signals", "/v1/signals",
		"Read the signals for an autoscaler: backlog, running, oldest age and workers of each capability",
		func(ctx context.Context, _ *struct{}) (*body[Signals], error) {
			v, err := s.readSignals(ctx)
			if err != nil {
				return nil, err
			}
			return &body[Signals]{Body: v}, nil
		})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		v, err := s.readSignals(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		serveMetrics(w, r, v)
	})
}

func (s *server) readSignals(ctx context.Context) (Signals, error) {
	env := s.environment(ctx)
	if env.Crews == nil { // a backlog that is only told without who works would scale the wrong way
		return Signals{}, fail(events.ProblemUnavailable, "the workers' presence cannot be read")
	}
	speakers, err := s.readSpeakers(ctx, env.Now)
	if err != nil {
		return Signals{}, err
	}
	waits, err := s.readRateWaits(ctx, env.Now)
	if err != nil {
		return Signals{}, err
	}
	v := Signals{Sagas: map[events.SagaStatus]int{}, Speakers: speakers, RateWaits: waits}
	open := map[string]saga.OpenWork{}
	for _, status := range unended {
		v.Sagas[status] = 0
		err := s.each(ctx, saga.Query{Status: status}, func(item saga.Listed) {
			v.Sagas[status]++
			v.Queued += item.Summary.Queued
			for capability, w := range item.Summary.Open {
				sum := open[capability]
				if sum.Count == 0 || w.Since.Before(sum.Since) {
					sum.Since = w.Since
				}
				sum.Count += w.Count
				open[capability] = sum
			}
		})
		if err != nil {
			return Signals{}, err
		}
	}
	v.Queued -= v.Sagas[events.SagaAccepted] // the first of a queue waits behind nothing but time
	for capability := range env.Crews {
		if _, known := open[capability]; !known { // a capability with workers and no work is told too
			open[capability] = saga.OpenWork{}
		}
	}
	for _, capability := range slices.Sorted(maps.Keys(open)) {
		work, crew := open[capability], env.Crews[capability]
		c := CapabilitySignals{Capability: capability, Open: work.Count, Running: min(crew.Running, work.Count),
			Workers: len(crew.Workers)}
		c.Backlog = c.Open - c.Running
		if work.Count > 0 {
			c.OldestSeconds = max(env.Now.Sub(work.Since).Seconds(), 0)
		}
		v.Capabilities = append(v.Capabilities, c)
	}
	v.Capabilities = append([]CapabilitySignals{}, v.Capabilities...)
	return v, nil
}

// each hands over every connection that a query finds.
func (s *server) each(ctx context.Context, q saga.Query, take func(saga.Listed)) error {
	for q.Limit = 1000; ; {
		page, err := s.Listing.List(ctx, q)
		if err != nil {
			return problem(err)
		}
		for _, item := range page.Items {
			if item.Summary.Saga != "" { // the engine's own keys have no sagas
				take(item)
			}
		}
		if page.Next == "" {
			return nil
		}
		q.After = page.Next
	}
}
