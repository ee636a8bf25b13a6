package workers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Preflight asks a vendor what the credentials may do that run the steps. It changes nothing.
// Safe for concurrent use.
type Preflight interface {
	// Ask tells what steps lack, or, for no steps, what any step of some kinds can lack in the projects of the
	// configuration. What cannot be asked is in the findings and no error; an error says that nothing was asked.
	Ask(ctx context.Context, steps []PlannedStep, kinds []string) (Preflighted, error)
}

// A PlannedStep is a step of a plan before it runs: its kind, its input, and the places in the input (JSON pointers)
// that other steps will fill in.
type PlannedStep struct {
	Kind  string          `json:"kind"`
	Input json.RawMessage `json:"input"`
	Bound []string        `json:"bound,omitempty"`
}

// A Preflighted is what was asked: how many things are there as they have to be, and what is not, or is not known.
type Preflighted struct {
	There int    `json:"there"`
	Lacks []Lack `json:"lacks"`
	// Identities tell as whom each project was asked, by project: the identity that the calls of the steps will have.
	Identities map[string]string `json:"identities,omitempty"`
}

// A Lack is one thing that is missing, or of which nobody knows.
type Lack struct {
	// State tells whether it is missing; unknown is neither there nor missing.
	State LackState `json:"state"`
	What  LackWhat  `json:"what"`
	// Project is the vendor's; empty where it is about none. Name is the permission's, API's or constraint's.
	Project string `json:"project,omitempty"`
	Name    string `json:"name"`
	// Fields are the fields of an intent that need it.
	Fields []string `json:"fields,omitempty"`
	// Optional says what is lost without it; empty: something cannot do without.
	Optional string `json:"optional,omitempty"`
	// Why says more; Remedy what to do about it.
	Why    string `json:"why,omitempty"`
	Remedy string `json:"remedy,omitempty"`
}

// LackState is what is known of a thing that is not there for certain.
type LackState string

// What is missing was answered for; what is unknown could not be asked.
const (
	Missing LackState = "missing"
	Unknown LackState = "unknown"
)

// LackWhat is what kind of thing a lack is about.
type LackWhat string

// The kinds: three of the vendor's, and two of our own that keep something from being asked.
const (
	LackPermission LackWhat = "permission"
	LackAPI        LackWhat = "api"
	LackPolicy     LackWhat = "policy"
	LackWorker     LackWhat = "worker"
	LackSetting    LackWhat = "setting"
)

// A PreflightQuestion is for every worker that is there.
type PreflightQuestion struct {
	ID string `json:"id"`
	// Steps are those of a plan; none asks for everything.
	Steps []PlannedStep `json:"steps,omitempty"`
	// Until is when nobody waits for answers any more.
	Until time.Time `json:"until"`
}

// A PreflightAnswer is one worker's.
type PreflightAnswer struct {
	Question string    `json:"question"`
	Worker   string    `json:"worker"`
	Until    time.Time `json:"until"`
	Preflighted
	// Error says why nothing was asked.
	Error string `json:"error,omitempty"`
}

// The two records of the exchange: questions by their ids, and answers by question and worker. What nobody waits for
// any more is taken out by whoever writes next.
func questions() string { return FamilyPreflight.Resource("questions") }

func answers() string { return FamilyPreflight.Resource("answers") }

// AskWorkers puts a question to all workers.
func AskWorkers(ctx context.Context, claims Claims, q PreflightQuestion, now time.Time) error {
	_, err := change(ctx, claims, questions(), func(r Record) (Record, error) {
		return r.noted(q.ID, q, now)
	})
	return err
}

// Answers are what workers have answered to a question, by worker. One that cannot be read is an answer with an error.
func Answers(ctx context.Context, claims Claims, question string) (map[string]PreflightAnswer, error) {
	r, err := claims.Load(ctx, answers())
	if err != nil {
		return nil, fmt.Errorf("read answers of workers: %w", err)
	}
	all := map[string]PreflightAnswer{}
	for key, raw := range r.Note {
		of, worker, _ := strings.Cut(key, " ")
		if of != question {
			continue
		}
		a := PreflightAnswer{Question: question, Worker: worker}
		if err := json.Unmarshal([]byte(raw), &a); err != nil {
			a = PreflightAnswer{Question: question, Worker: worker, Error: "its answer cannot be read: " + err.Error()}
		}
		all[worker] = a
	}
	return all, nil
}

// open are the questions that wait for answers.
func open(ctx context.Context, claims Claims, now time.Time) ([]PreflightQuestion, error) {
	r, err := claims.Load(ctx, questions())
	if err != nil {
		return nil, fmt.Errorf("read questions: %w", err)
	}
	var all []PreflightQuestion
	var errs []error
	for _, raw := range r.Note {
		var q PreflightQuestion
		if err := json.Unmarshal([]byte(raw), &q); err != nil {
			errs = append(errs, fmt.Errorf("read question: %w", err))
		} else if now.Before(q.Until) {
			all = append(all, q)
		}
	}
	return all, errors.Join(errs...)
}
