package sagatest

import (
	"strconv"
	"strings"

	"github.com/culvertnet/culvert/saga"
)

// why shows what a saga waits for.
func (p *player) why(a args) error {
	n := p.m.State.Newest()
	if a.word(0) != "" {
		var err error
		if n, err = strconv.ParseUint(a.word(0), 10, 64); err != nil {
			return err
		}
	}
	causes := p.m.Engine.Why(p.m.State, n, saga.Around{Now: p.m.Now})
	for _, c := range causes {
		line := []string{string(c.Code), c.Step, strconv.Quote(c.Text)}
		if !c.Since.IsZero() {
			line = append(line, "since="+at(c.Since))
		}
		if !c.Until.IsZero() {
			line = append(line, "until="+at(c.Until))
		}
		p.printf("%s", strings.Join(line, " "))
	}
	if len(causes) == 0 {
		p.printf("nothing")
	}
	return nil
}
