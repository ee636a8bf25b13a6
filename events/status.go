package events

import (
	"encoding/json"
	"slices"
	"time"
)

// SagaStatus is where a saga is.
type SagaStatus string

// The six statuses of a saga; the last three are ends.
const (
	SagaAccepted     SagaStatus = "accepted"
	SagaRunning      SagaStatus = "running"
	SagaCompensating SagaStatus = "compensating"
	SagaCompleted    SagaStatus = "completed"
	SagaCompensated  SagaStatus = "compensated"
	SagaStuck        SagaStatus = "stuck"
)

// Ended tells whether the saga rests: completed, compensated or stuck.
func (s SagaStatus) Ended() bool {
	return s == SagaCompleted || s == SagaCompensated || s == SagaStuck
}

// StepStatus is where a step of a saga is.
type StepStatus string

// The ten statuses of a step.
const (
	StepPending   StepStatus = "pending"
	StepRequested StepStatus = "requested"
	StepWaiting   StepStatus = "waiting"
	StepDone      StepStatus = "done"
	StepRefused   StepStatus = "refused"
	StepUnsure    StepStatus = "unsure"
	StepUndoing   StepStatus = "undoing"
	StepUndone    StepStatus = "undone"
	StepStuck     StepStatus = "stuck"
	StepSkipped   StepStatus = "skipped"
)

// Status is the state of one saga as it is shown: by the API, on the command line and in status events. It is the
// contract of `culvert show -o json`.
type Status struct {
	ID         string     `json:"id"`
	Connection string     `json:"connection"`
	Kind       string     `json:"kind"`
	Action     string     `json:"action"`
	Version    uint64     `json:"version"`
	Status     SagaStatus `json:"status"`
	Reason     string     `json:"reason"`
	StartedAt  *time.Time `json:"startedAt"`
	EndedAt    *time.Time `json:"endedAt"`
	// Retained names what was left in the world on purpose.
	Retained []string `json:"retained"`
	// Why says what a saga that has not ended, or is stuck, waits for.
	Why   []Cause    `json:"why,omitempty"`
	Steps []StepView `json:"steps,omitempty"`
}

// Unverified is one doubt about a claim: its cause from a closed list, the object that it is about, and why in words.
type Unverified struct {
	Cause  string `json:"cause"`
	Object string `json:"object"`
	Why    string `json:"why"`
}

// Unverified are the claims that nobody has checked, as the steps of an apply tell them in the member "unverified" of
// their outputs. Outputs are otherwise the steps' own.
func (v Status) Unverified() (all []Unverified) {
	type told struct {
		Unverified []Unverified `json:"unverified"`
	}
	eachTold(v, func(_ string, out told) {
		for _, u := range out.Unverified {
			if !slices.Contains(all, u) {
				all = append(all, u)
			}
		}
	})
	return all
}

// eachTold gives what the steps of an apply that are done tell in some members of their outputs. An output that means
// something else by them is left out.
func eachTold[T any](v Status, of func(step string, out T)) {
	if v.Action != string(Apply) {
		return
	}
	for _, s := range v.Steps {
		var out T
		if s.Status == StepDone && json.Unmarshal(s.Output, &out) == nil {
			of(s.Name, out)
		}
	}
}

// A PeerDown is a peer without a session, for which an announcement did not wait.
type PeerDown struct {
	Step   string    `json:"-"`
	Peer   string    `json:"peer"`
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
}

// PeersDown are the peers that have not learned what an apply announces, as its steps saw them when they were done: the
// member "down" of the member "sight" of their outputs.
func (v Status) PeersDown() (all []PeerDown) {
	type told struct {
		Sight struct {
			Down []PeerDown `json:"down"`
		} `json:"sight"`
	}
	eachTold(v, func(step string, out told) {
		for _, p := range out.Sight.Down {
			p.Step = step
			all = append(all, p)
		}
	})
	return all
}

// StepView is one step of a saga as it is shown.
type StepView struct {
	Name       string          `json:"name"`
	Capability string          `json:"capability"`
	Transition string          `json:"transition"`
	Status     StepStatus      `json:"status"`
	Attempts   int             `json:"attempts"`
	Operation  string          `json:"operation"`
	Output     json.RawMessage `json:"output"`
	Error      *StepError      `json:"error"`
	StartedAt  *time.Time      `json:"startedAt"`
	EndedAt    *time.Time      `json:"endedAt"`
}

// StepError is the last thing that went wrong in a step.
type StepError struct {
	Class   Class  `json:"class"`
	Message string `json:"message"`
}

// StatusType is the CloudEvents type of a status event.
func StatusType(kind string) string { return "culvert." + kind + ".status.v1" }
