package main

import "github.com/spf13/cobra"

func (c *cli) doctor() *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "Say what does not move, and why", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.diagnose(cmd) },
	}
}
