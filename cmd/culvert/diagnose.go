package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/events"
)

// diagnose says what does not move, and why; the exit code tells whether something needs hands.
func (c *cli) diagnose(cmd *cobra.Command) error {
	d, err := c.api().Diagnose(cmd.Context())
	if err != nil {
		return err
	}
	err = c.print(d, func() {
		var rows [][]string
		for _, f := range d.Findings {
			hands := ""
			if f.NeedsHands {
				hands = "yes"
			}
			sagas := strings.Join(f.Sagas, " ")
			if n := f.Count - len(f.Sagas); n > 0 && len(f.Sagas) > 0 {
				sagas += fmt.Sprintf(" and %d more", n)
			}
			rows = append(rows, []string{string(f.Code), hands, fmt.Sprint(f.Count), clip(f.Text, 120), sagas})
		}
		if len(rows) > 0 {
			c.rows("CAUSE ACTION_REQUIRED COUNT DESCRIPTION SAGAS", rows)
			c.advise(d.Findings)
		}
		if d.Healthy {
			fmt.Fprintln(c.out, "no action required")
		}
	})
	if err == nil && !d.Healthy {
		return exitFailed
	}
	return err
}

// advise writes what an operator can do, once for each cause.
func (c *cli) advise(findings []httpapi.Symptom) {
	told := map[events.CauseCode]bool{}
	for _, f := range findings {
		if f.Advice != "" && !told[f.Code] {
			told[f.Code] = true
			fmt.Fprintf(c.out, "%s: %s\n", f.Code, f.Advice)
		}
	}
}
