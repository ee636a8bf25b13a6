package main

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/culvertnet/culvert/events"
)

func (c *cli) withdraw() *cobra.Command {
	var w waiting
	cmd := &cobra.Command{
		Use: "withdraw NAME", Short: "Withdraw a connection", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := c.api().Show(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			kind, err := c.api().Explain(cmd.Context(), v.Kind, 0)
			if err != nil {
				return err
			}
			version := max(kind.Newest, 1) // a daemon of an older release does not tell, and knows the first only
			event, err := json.Marshal(map[string]any{
				"specversion": "1.0", "id": uuid.NewString(), "source": "/culvert/command-line",
				"subject": v.Connection,
				"type":    events.IntentType(v.Kind, events.Withdraw, version), "datacontenttype": "application/json",
				"data": struct{}{},
			})
			if err != nil {
				return fmt.Errorf("encode intent: %w", err)
			}
			return c.send(cmd.Context(), event, w)
		},
	}
	w.flags(cmd)
	return cmd
}
