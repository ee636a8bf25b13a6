package main

import (
	"net/url"

	"github.com/spf13/cobra"

	"github.com/culvertnet/culvert/events"
)

func (c *cli) list() *cobra.Command {
	var status, kind, name string
	cmd := &cobra.Command{
		Use: "list", Short: "List connections by their newest saga", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := c.find(cmd, status, kind, name)
			if err != nil {
				return err
			}
			return c.print(all, func() {
				var rows [][]string
				for _, v := range all {
					rows = append(rows, []string{
						v.ID, v.Connection, v.Kind, v.Action, string(v.Status), clip(v.Reason, 80), short(v.Why),
					})
				}
				c.rows("ID CONNECTION KIND ACTION STATUS REASON WHY", rows)
			})
		},
	}
	cmd.Flags().StringVar(&status, "status", "", "only sagas with this status")
	cmd.Flags().StringVar(&kind, "kind", "", "only this intent kind")
	cmd.Flags().StringVar(&name, "name", "", "only the connection with this name")
	return cmd
}

// find lists by filters; never nil, so that JSON is an array.
func (c *cli) find(cmd *cobra.Command, status, kind, name string) ([]events.Status, error) {
	q := url.Values{}
	for k, v := range map[string]string{"status": status, "kind": kind, "name": name} {
		if v != "" {
			q.Set(k, v)
		}
	}
	all, err := c.api().List(cmd.Context(), q)
	if all == nil {
		all = []events.Status{}
	}
	return all, err
}
