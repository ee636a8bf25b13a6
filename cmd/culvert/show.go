package main

import "github.com/spf13/cobra"

func (c *cli) show() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a saga, or a connection's newest by name", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := c.api().Show(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.printSaga(v)
		},
	}
}
