package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/culvertnet/culvert/events"
)

// trialResult is a trial with what it has come to.
type trialResult struct {
	planned
	Covered   bool              `json:"covered"`
	Ended     events.SagaStatus `json:"ended"`
	Effects   int               `json:"effects"`
	Leftovers []string          `json:"leftovers"`
	Seconds   float64           `json:"seconds"`
	Error     string            `json:"error,omitempty"`
}

// judge holds what came of a trial against what is right.
func (r *trialResult) judge(is outcome, err error) {
	r.Covered, r.Ended, r.Effects, r.Seconds = is.fired, is.ended, is.effects, is.took.Seconds()
	r.Leftovers = append([]string{}, is.leftovers...)
	switch {
	case err != nil:
		r.Error = err.Error()
	case !is.fired:
	case !slices.Contains(r.ends, is.ended):
		r.Error = fmt.Sprintf("it is %s (%s)", is.ended, is.reason)
	case len(is.leftovers) > 0:
		r.Error = "left behind: " + strings.Join(is.leftovers, ", ")
	}
}

// report gathers results. Safe for concurrent use.
type report struct {
	mu      sync.Mutex
	Results []trialResult `json:"results"`
}

func (p *report) add(r trialResult) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Results = append(p.Results, r)
}

// row is one line of the table: a boundary and a fault.
type row struct {
	boundary, fault                               string
	total, covered, completed, compensated, stuck int
	effects, leftovers, broken                    int
	slowest                                       float64
}

func (p *report) rows() []row {
	by := map[[2]string]*row{}
	for _, r := range p.Results {
		key := [2]string{r.Boundary, r.Fault}
		if by[key] == nil {
			by[key] = &row{boundary: r.Boundary, fault: r.Fault}
		}
		by[key].count(r)
	}
	var all []row
	for _, r := range by {
		all = append(all, *r)
	}
	slices.SortFunc(all, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.boundary, b.boundary),
			cmp.Compare(a.fault, b.fault))
	})
	return all
}

func (r *row) count(is trialResult) {
	r.total++
	if is.Covered {
		r.covered++
	}
	switch is.Ended {
	case events.SagaCompleted:
		r.completed++
	case events.SagaCompensated:
		r.compensated++
	case events.SagaStuck:
		r.stuck++
	}
	r.effects, r.leftovers = max(r.effects, is.Effects), r.leftovers+len(is.Leftovers)
	r.slowest = max(r.slowest, is.Seconds)
	if is.Error != "" {
		r.broken++
	}
}

// print writes the table, or everything as JSON.
func (p *report) print(out io.Writer, format string) error {
	if format == "json" {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(p)
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "BOUNDARY\tFAULT\tCOVERED\tCOMPLETED\tCOMPENSATED\tSTUCK\tEFFECTS\tLEFTOVERS\tSLOWEST\tVERDICT")
	total := row{}
	for _, r := range p.rows() {
		verdict := "ok"
		if r.broken > 0 || r.covered < r.total {
			verdict = fmt.Sprintf("%d MISS", max(r.broken, r.total-r.covered))
		}
		fmt.Fprintf(w, "%s\t%s\t%d/%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\n", r.boundary, r.fault, r.covered, r.total,
			r.completed, r.compensated, r.stuck,
			r.effects, r.leftovers, time.Duration(r.slowest*float64(time.Second)).Round(100*time.Millisecond), verdict)
		total.total, total.covered, total.leftovers = total.total+r.total, total.covered+r.covered,
			total.leftovers+r.leftovers
		total.effects = max(total.effects, r.effects)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d of %d points covered, effects on each named object = %d, leftovers = %d\n", total.covered,
		total.total, total.effects, total.leftovers)
	for _, r := range p.Results {
		if r.Error != "" {
			fmt.Fprintf(out, "MISS %s at %s: %s\n", r.Fault, r.Point, r.Error)
		}
	}
	return nil
}

// verdict is an error when something was not as promised.
func (p *report) verdict() error {
	broken := 0
	for _, r := range p.Results {
		if r.Error != "" {
			broken++
		}
	}
	if broken > 0 || len(p.Results) == 0 {
		return fmt.Errorf("%w: %d of %d trials", errUnproved, broken, len(p.Results))
	}
	return nil
}
