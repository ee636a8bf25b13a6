package main

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
)

func (c *cli) explainKind() *cobra.Command {
	return &cobra.Command{
		Use: "explain KIND", Short: "Explain an intent kind: its graph and its schema", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			k, err := c.api().Explain(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.print(k, func() {
				fmt.Fprintf(c.out, "%s\n\n%s\n", k.Kind, k.Diagram)
				var wants []string
				for want := range k.Schemas {
					wants = append(wants, want)
				}
				slices.Sort(wants)
				for _, want := range wants {
					b, err := json.MarshalIndent(k.Schemas[want], "", "  ")
					if err == nil {
						fmt.Fprintf(c.out, "\nschema of %s:\n%s\n", want, b)
					}
				}
			})
		},
	}
}
