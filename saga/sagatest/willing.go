package sagatest

import (
	"fmt"

	"github.com/culvertnet/culvert/events"
)

// Willing answers a command as a world would in which everything succeeds at once.
func Willing(c events.Command) events.Outcome {
	o := events.Outcome{Class: events.Done, Output: c.Input}
	switch {
	case c.Verb == events.Undo:
		o.Output = nil
	case c.Verb == events.Look && c.Purpose != "":
		o.Seen = events.Absent
	case c.Verb == events.Look:
		o.Seen = events.Present
	}
	return o
}

// Fifteen is a plan of four checks and eleven steps, about the size of a private-service.
func Fifteen() []string {
	var lines []string
	for i := range 4 {
		lines = append(lines, fmt.Sprintf("check-%d net.check check project=acme-prod", i))
	}
	for i := range 11 {
		line := fmt.Sprintf("step-%d net.step-%d project=acme-prod region=europe-west3 "+
			"network=projects/acme-net/global/networks/spoke-vpc", i, i)
		if i > 1 {
			line += fmt.Sprintf(" link<-step-%d.project", i-2)
		}
		lines = append(lines, line)
	}
	return lines
}
