package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (c *cli) workers() *cobra.Command {
	return &cobra.Command{
		Use: "workers", Short: "List live workers, by capability", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := c.api().Workers(cmd.Context())
			if err != nil {
				return err
			}
			return c.print(all, func() {
				var rows [][]string
				for _, b := range all {
					state := "working"
					if b.Draining {
						state = "draining"
					}
					rows = append(rows, []string{b.Capability, b.Worker, state, fmt.Sprint(b.Running), b.Release,
						clock(b.Started), clock(b.Seen)})
				}
				c.rows("CAPABILITY WORKER STATE RUNNING RELEASE STARTED SEEN", rows)
			})
		},
	}
}
