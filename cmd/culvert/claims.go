package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/culvertnet/culvert/adapters/httpapi"
)

func (c *cli) claims() *cobra.Command {
	cmd := &cobra.Command{Use: "claims", Short: "List and break claims on shared resources"}
	var prefix string
	list := &cobra.Command{Use: "list", Short: "List claims by resource", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := c.api().Claims(cmd.Context(), prefix)
			if err != nil {
				return err
			}
			return c.print(all, func() {
				var rows [][]string
				for _, r := range all {
					for _, h := range r.Record.Holds {
						state := "held"
						if h.Dropped {
							state = "dropped"
						}
						rows = append(rows, []string{r.Resource, h.Holder, clip(h.Value, 50), state})
					}
				}
				c.rows("RESOURCE HOLDER VALUE STATE", rows)
			})
		}}
	list.Flags().StringVar(&prefix, "prefix", "", "only resources whose name begins with this")
	var reason string
	brk := &cobra.Command{Use: "break RESOURCE HOLDER", Short: "Break a claim", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, err := c.api().Post(cmd.Context(), "claims/break", httpapi.BreakOrder{
				Order: order(reason), Resource: args[0], Holder: args[1],
			})
			if err == nil {
				fmt.Fprintln(c.out, "done")
			}
			return err
		}}
	needReason(brk, &reason)
	cmd.AddCommand(list, brk)
	return cmd
}
