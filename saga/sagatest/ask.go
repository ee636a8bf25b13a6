package sagatest

import (
	"strconv"
	"strings"
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
	causes := p.m.Engine.Why(p.m.State, n, p.m.Environment())
	for _, c := range causes {
		line := []string{string(c.Code), c.Step, strconv.Quote(c.String())}
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

// preview shows the last survey.
func (p *player) preview(args) error {
	v, has := p.m.Engine.SurveyView(p.m.State)
	if !has {
		p.printf("no survey")
		return nil
	}
	p.printf("%s from %s: %s %s", v.Saga, v.From, v.Ended, v.Refused)
	for _, r := range v.Rows {
		line := []string{" ", ref(r.Step, r.Generation), string(r.Seen), "->", string(r.Will)}
		for _, said := range []string{r.Detail, r.Because} {
			if said != "" {
				line = append(line, strconv.Quote(said))
			}
		}
		p.printf("%s", strings.Join(line, " "))
	}
	return nil
}
