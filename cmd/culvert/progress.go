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
		return newLive(f, func() int {
			width, _, err := term.GetSize(int(f.Fd()))
			if err != nil {
				return 80
			}
			return width
		})
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
			for _, line := range remarks(v) {
				fmt.Fprintln(p.out, line)
			}
		}
	}
}

func (p *plain) close() {}

// live redraws a line a step.
type live struct {
	out   io.Writer
	width func() int
	mu    sync.Mutex
	v     events.Status
	drawn int
	frame int
	done  chan struct{}
	ended sync.WaitGroup
	once  sync.Once
}

// newLive draws on out, which is width() columns wide, until it is closed.
func newLive(out io.Writer, width func() int) *live {
	l := &live{out: out, width: width, done: make(chan struct{})}
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

// draw puts the picture where the one before was.
func (l *live) draw() {
	if l.v.ID == "" {
		return
	}
	var b strings.Builder
	if l.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", l.drawn)
	}
	lines := picture(l.v, l.frame, time.Now())
	for _, line := range lines {
		b.WriteString("\x1b[2K" + clip(line, max(l.width(), 20)) + "\n") // a line that wraps would be two
	}
	b.WriteString("\x1b[J")
	l.drawn = len(lines)
	_, _ = io.WriteString(l.out, b.String()) // a terminal that is gone is nobody's loss
}
