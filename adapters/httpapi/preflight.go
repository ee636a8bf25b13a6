package httpapi

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// How long a preflight waits for workers, and how often it looks whether they have answered.
const (
	preflightWait = 30 * time.Second
	preflightLook = 250 * time.Millisecond
)

// Preflight is what the workers' credentials lack.
type Preflight struct {
	// Ready tells that everything was asked and nothing is missing but what is optional.
	Ready bool `json:"ready"`
	// There counts what is as it has to be; Missing and Unknown count the findings that are not optional.
	There   int `json:"there"`
	Missing int `json:"missing"`
	Unknown int `json:"unknown"`
	// Workers are those that answered.
	Workers []string `json:"workers"`
	// Identities tell as whom each project was asked, by project: one, or several where workers differ.
	Identities map[string][]string `json:"identities,omitempty"`
	Findings   []workers.Lack      `json:"findings"`
}

func (s *server) preflight(api huma.API) {
	request := eventBody("The intent whose needs are asked for, as for /v1/intents; empty asks for everything.")
	defer func() { request.Required = false }()
	huma.Register(api, huma.Operation{
		RequestBody: request,
		OperationID: "preflight", Method: http.MethodPost, Path: "/v1/preflight",
		Summary: "Ask which permissions, APIs and organisation policies the workers lack",
		Description: "Every live worker asks with its own credentials. Nothing is submitted and nothing is changed. " +
			"It is answered when all workers have answered, within half a minute.",
		Errors: []int{400, 413, 503}, MaxBodyBytes: maxBody, SkipValidateBody: true,
	}, func(ctx context.Context, in *intentInput) (*body[Preflight], error) {
		var steps []workers.PlannedStep
		if len(in.RawBody) > 0 {
			var err error
			if steps, err = s.Plan(ctx, events.DefaultTenant, in.header, in.RawBody); err != nil {
				return nil, problem(err)
			}
		}
		p, err := s.askWorkers(ctx, steps)
		if err != nil {
			return nil, problem(err)
		}
		return &body[Preflight]{Body: p}, nil
	})
}

// askWorkers puts the question and waits until every worker that is there has answered, but not longer than workers
// have to.
func (s *server) askWorkers(ctx context.Context, steps []workers.PlannedStep) (Preflight, error) {
	q := workers.PreflightQuestion{ID: s.ID(), Steps: steps, Until: s.Now().Add(s.PreflightWait)}
	if err := workers.AskWorkers(ctx, s.Claims, q, s.Now()); err != nil {
		return Preflight{}, err
	}
	looks := time.NewTicker(preflightLook)
	defer looks.Stop()
	for {
		beats, err := workers.Roster(ctx, s.Claims, s.Now())
		if err != nil {
			return Preflight{}, err
		}
		answers, err := workers.Answers(ctx, s.Claims, q.ID)
		if err != nil {
			return Preflight{}, err
		}
		crew := kindsOf(beats, s.Now())
		late := slices.DeleteFunc(slices.Sorted(maps.Keys(crew)), func(name string) bool {
			return answers[name].Worker != ""
		})
		if len(late) == 0 || !s.Now().Before(q.Until) {
			return gathered(q, crew, answers), nil
		}
		select {
		case <-looks.C:
		case <-ctx.Done():
			return Preflight{}, ctx.Err()
		}
	}
}

// kindsOf are the live workers with the kinds of steps that they serve.
func kindsOf(beats []workers.Beat, now time.Time) map[string][]string {
	crew := map[string][]string{}
	for _, b := range beats {
		if b.Live(now) {
			crew[b.Worker] = append(crew[b.Worker], b.Kinds...)
		}
	}
	return crew
}

// gathered puts the answers together. What one worker lacks is lacking: it may be the one that runs the step.
func gathered(
	q workers.PreflightQuestion, crew map[string][]string, answers map[string]workers.PreflightAnswer,
) Preflight {
	p := Preflight{Workers: slices.Sorted(maps.Keys(answers)), Findings: ofNobody(q, crew, answers)}
	type key struct {
		what          workers.LackWhat
		project, name string
	}
	all := map[key]workers.Lack{}
	for _, worker := range p.Workers {
		p.There = max(p.There, answers[worker].There)
		p.askedAs(answers[worker].Identities)
		for _, l := range answers[worker].Lacks {
			k := key{l.What, l.Project, l.Name}
			if have, known := all[k]; known {
				l = worse(have, l)
			}
			all[k] = l
		}
	}
	p.Findings = slices.AppendSeq(p.Findings, maps.Values(all))
	slices.SortFunc(p.Findings, func(a, b workers.Lack) int {
		return cmp.Or(rankOf(a)-rankOf(b), cmp.Compare(a.Project, b.Project), cmp.Compare(a.What, b.What),
			cmp.Compare(a.Name, b.Name))
	})
	for _, l := range p.Findings {
		switch {
		case l.Optional != "":
		case l.State == workers.Missing:
			p.Missing++
		default:
			p.Unknown++
		}
	}
	p.Ready = p.Missing == 0 && p.Unknown == 0
	return p
}

// askedAs adds as whom a worker has asked.
func (p *Preflight) askedAs(by map[string]string) {
	for project, name := range by {
		if p.Identities == nil {
			p.Identities = map[string][]string{}
		}
		if !slices.Contains(p.Identities[project], name) {
			p.Identities[project] = append(p.Identities[project], name)
		}
	}
}

// worse joins two findings about one thing: what one worker misses is missing, and what one step cannot do without is
// not optional.
func worse(a, b workers.Lack) workers.Lack {
	if a.State != workers.Missing {
		a, b = b, a
	}
	if b.Optional == "" {
		a.Optional = ""
	}
	a.Fields = slices.Compact(slices.Sorted(slices.Values(slices.Concat(a.Fields, b.Fields))))
	return a
}

// rankOf puts first what is missing, then what is not known, then what is optional.
func rankOf(l workers.Lack) int {
	switch {
	case l.Optional != "":
		return 2
	case l.State == workers.Unknown:
		return 1
	}
	return 0
}

// ofNobody are the workers that have not answered, and the kinds of steps that nobody who answered serves.
func ofNobody(
	q workers.PreflightQuestion, crew map[string][]string, answers map[string]workers.PreflightAnswer,
) []workers.Lack {
	lacks, served := []workers.Lack{}, map[string]bool{}
	for _, worker := range slices.Sorted(maps.Keys(crew)) {
		a, answered := answers[worker]
		switch {
		case !answered:
			lacks = append(lacks, workers.Lack{State: workers.Unknown, What: workers.LackWorker, Name: worker,
				Why: "the worker has not answered in time; workers of earlier releases do not"})
			continue
		case a.Error != "":
			lacks = append(lacks, workers.Lack{State: workers.Unknown, What: workers.LackWorker, Name: worker,
				Why: a.Error})
		}
		for _, kind := range crew[worker] {
			served[kind] = true
		}
	}
	for _, step := range q.Steps {
		if !served[step.Kind] {
			served[step.Kind] = true
			lacks = append(lacks, workers.Lack{State: workers.Unknown, What: workers.LackWorker, Name: step.Kind,
				Why: "no live worker that has answered serves this step"})
		}
	}
	if len(crew) == 0 && len(q.Steps) == 0 {
		lacks = append(lacks, workers.Lack{State: workers.Unknown, What: workers.LackWorker, Name: "any",
			Why: "there is no live worker to ask"})
	}
	return lacks
}
