package main

import (
	"fmt"
	"net/url"

	"github.com/spf13/cobra"
)

func (c *cli) deadLetters() *cobra.Command {
	cmd := &cobra.Command{Use: "dead-letters", Short: "List, show, requeue and discard rejected messages"}
	cmd.AddCommand(
		&cobra.Command{Use: "list", Short: "List rejected messages", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				letters, err := c.api().DeadLetters(cmd.Context())
				if err != nil {
					return err
				}
				return c.print(letters, func() {
					var rows [][]string
					for _, l := range letters {
						rows = append(
							rows, []string{l.ID, l.At.Format("2006-01-02T15:04:05Z"), l.Subject, clip(l.Reason, 100)},
						)
					}
					c.rows("ID AT SUBJECT REASON", rows)
				})
			}},
		&cobra.Command{Use: "show ID", Short: "Show a rejected message", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				l, err := c.api().DeadLetter(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return c.print(l, func() { fmt.Fprintf(c.out, "%s\n%s\n%s\n", l.Subject, l.Reason, l.Body) })
			}},
		&cobra.Command{Use: "requeue ID", Short: "Publish a rejected message again", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				_, err := c.api().Post(cmd.Context(), "dead-letters/"+url.PathEscape(args[0])+"/requeue", struct{}{})
				return err
			}},
		&cobra.Command{Use: "discard ID", Short: "Discard a rejected message", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return c.api().Discard(cmd.Context(), args[0])
			}},
	)
	return cmd
}
