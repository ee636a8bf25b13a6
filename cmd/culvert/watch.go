package main

import (
	"time"

	"github.com/spf13/cobra"
)

func (c *cli) watch() *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use: "watch ID", Short: "Follow a saga until it has ended", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := c.api().Show(cmd.Context(), args[0]) // a name means the saga that is the newest now
			if err != nil {
				return err
			}
			return c.follow(cmd.Context(), v.ID, timeout)
		},
	}
	cmd.Flags().DurationVar(&timeout, "timeout", 24*time.Hour, "how long to follow")
	return cmd
}
