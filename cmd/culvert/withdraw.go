package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/culvertnet/culvert/events"
)

func (c *cli) withdraw() *cobra.Command {
	var w waiting
	var accept []string
	cmd := &cobra.Command{
		Use: "withdraw NAME", Short: "Withdraw a connection", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := consents(accept)
			if err != nil {
				return err
			}
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
				"data": data,
			})
			if err != nil {
				return fmt.Errorf("encode intent: %w", err)
			}
			return c.send(cmd.Context(), event, w)
		},
	}
	cmd.Flags().StringArrayVar(&accept, "accept", nil,
		"consent to what others lose or gain, `CAUSE=OBJECT` as the refusal names them; may be repeated")
	w.flags(cmd)
	return cmd
}

// consents are the data of a withdrawal that accepts some things by name.
func consents(accept []string) (map[string]any, error) {
	data := map[string]any{}
	var list []map[string]string
	for _, a := range accept {
		cause, object, ok := strings.Cut(a, "=")
		if !ok || cause == "" || object == "" {
			return nil, usage(fmt.Sprintf("--accept %q is not CAUSE=OBJECT", a))
		}
		list = append(list, map[string]string{"cause": cause, "object": object})
	}
	if len(list) > 0 {
		data["accept"] = list
	}
	return data, nil
}
