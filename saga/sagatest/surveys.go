package sagatest

import (
	"math/rand/v2"
	"time"

	"github.com/culvertnet/culvert/events"
)

// WithSurveys lets an operator ask for surveys at any time, also when it is not the time for one. The rest of the run
// begins as it does without; a survey must disturb nothing of it.
func (s *Simulation) WithSurveys(seed uint64) *Simulation {
	rng := rand.New(rand.NewPCG(seed, 0x5e7))
	for range 1 + rng.IntN(12) {
		from := events.FromStart
		if rng.IntN(3) == 0 {
			from = events.FromFailed
		}
		s.after(time.Duration(rng.Int64N(int64(4*time.Hour))), func() error {
			return s.order(
				events.Action{Kind: events.ActionSurvey, Saga: Key.Saga(max(s.m.State.Newest(), 1)), From: from},
			)
		})
	}
	return s
}

// Surveyed tells how many surveys were begun, and how many of them saw everything.
func (s *Simulation) Surveyed() (begun, done int) { return s.surveys, s.surveysDone }
