package main

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
)

func (c *cli) explainKind() *cobra.Command {
	var version int
	cmd := &cobra.Command{
		Use: "explain KIND", Short: "Explain an intent kind: its graph and its schema", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			k, err := c.api().Explain(cmd.Context(), args[0], version)
			if err != nil {
				return err
			}
			return c.print(k, func() {
				fmt.Fprintf(c.out, "%s, version %d of %d\n\n%s\n", k.Kind, k.Version, k.Newest, k.Diagram)
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
	cmd.Flags().IntVar(&version, "version", 0, "explain this version of the payload (default the newest)")
	return cmd
}
