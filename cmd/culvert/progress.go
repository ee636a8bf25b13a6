package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/culvertnet/culvert/events"
)

// progress shows a saga while it runs.
type progress interface {
	update(events.Status)
	close()
}

// progress is live on a terminal, plain lines elsewhere, and silent where the result is printed as data.
func (c *cli) progress() progress {
	if c.format != "table" {
		return silent{}
	}
	if f, ok := c.out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return newLive(f)
	}
	return &plain{out: c.out, last: map[string]string{}}
}

type silent struct{}

func (silent) update(events.Status) {}
func (silent) close()               {}

// plain writes one line for every change of a step or of the saga.
type plain struct {
	out  io.Writer
	last map[string]string
}

func (p *plain) update(v events.Status) {
	for _, s := range v.Steps {
		line := string(s.Status)
		if s.Operation != "" && s.Status != events.StepDone && s.Status != events.StepUndone {
			line += "  waiting for " + s.Operation
		}
		if s.Error != nil && s.Status != events.StepDone && s.Status != events.StepUndone {
			line += "  " + clip(s.Error.Message, 140)
		}
		if p.last[s.Name+s.Transition] == line || s.Status == events.StepPending {
			continue
		}
		p.last[s.Name+s.Transition] = line
		fmt.Fprintf(p.out, "%-22s %-8s %s\n", s.Name, s.Transition, line)
	}
	line := string(v.Status) + inBrackets(v.Reason)
	if p.last[""] != line {
		p.last[""] = line
		fmt.Fprintf(p.out, "%s %s\n", v.ID, line)
		if v.Status.Ended() {
			for _, r := range v.Retained {
				fmt.Fprintln(p.out, "retained:", r)
			}
		}
	}
}

func (p *plain) close() {}

// live redraws a line a step: a spinner, the elapsed time, what it waits for. Steps on their way back are shown in the
// order in which they go.
type live struct {
	out   io.Writer
	mu    sync.Mutex
	v     events.Status
	drawn int
	frame int
	done  chan struct{}
	ended sync.WaitGroup
	once  sync.Once
}

func newLive(out io.Writer) *live {
	l := &live{out: out, done: make(chan struct{})}
	l.ended.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-l.done:
				return
			case <-tick.C:
				l.mu.Lock()
				l.frame++
				l.draw()
				l.mu.Unlock()
			}
		}
	})
	return l
}

func (l *live) update(v events.Status) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.v = v
	l.draw()
}

func (l *live) close() {
	l.once.Do(func() {
		close(l.done)
		l.ended.Wait()
		l.mu.Lock()
		defer l.mu.Unlock()
		l.draw()
	})
}

var spinner = []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")

func (l *live) draw() {
	if l.v.ID == "" {
		return
	}
	var b strings.Builder
	if l.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", l.drawn)
	}
	l.drawn = 0
	line := func(format string, args ...any) {
		fmt.Fprintf(&b, "\x1b[2K"+format+"\n", args...)
		l.drawn++
	}
	line("%s  %s%s", l.v.ID, l.v.Status, clip(inBrackets(l.v.Reason), 90))
	for _, s := range l.v.Steps {
		note := s.Operation
		if s.Error != nil {
			note = s.Error.Message
		}
		if s.Status == events.StepDone || s.Status == events.StepUndone {
			note = ""
		}
		line("  %s %-22s %-8s %-9s %8s  %s", l.sign(s.Status), s.Name, s.Transition, s.Status, took(s), clip(note, 60))
	}
	if l.v.Status.Ended() {
		for _, r := range l.v.Retained {
			line("  retained: %s", clip(r, 100))
		}
	}
	io.WriteString(l.out, b.String())
}

func (l *live) sign(s events.StepStatus) string {
	switch s {
	case events.StepDone:
		return "✓"
	case events.StepUndone:
		return "↩"
	case events.StepRefused, events.StepStuck:
		return "✗"
	case events.StepPending, events.StepSkipped:
		return "·"
	}
	return string(spinner[l.frame%len(spinner)])
}
