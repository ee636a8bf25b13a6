package main

import (
	"fmt"
	"net/url"
	"os/user"

	"github.com/spf13/cobra"

	"github.com/culvertnet/culvert/adapters/httpapi"
)

// order makes the body of an operator's order: who asks, and why.
func order(reason string) httpapi.Order {
	actor := "unknown"
	if u, err := user.Current(); err == nil {
		actor = u.Username
	}
	return httpapi.Order{Actor: actor, Reason: reason}
}

func (c *cli) cancel() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "cancel ID", Short: "Cancel a saga before it commits", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.order(cmd, "sagas/"+url.PathEscape(args[0])+"/cancel", order(reason))
		},
	}
	needReason(cmd, &reason)
	return cmd
}

// hold is pause or resume: of a connection, a capability, or the engine.
func (c *cli) hold(verb string) *cobra.Command {
	var reason, capability string
	cmd := &cobra.Command{
		Use: verb + " [NAME]", Short: verb + " a connection, or without a name the engine", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.order(cmd, "engine/"+verb, httpapi.HoldOrder{Order: order(reason), Capability: capability})
			}
			if capability != "" {
				return usage("a connection and --capability do not go together")
			}
			v, err := c.api().Show(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.order(cmd, "connections/"+v.Connection+"/"+verb, order(reason))
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "manual", "why; it is journalled")
	cmd.Flags().StringVar(&capability, "capability", "", "only this capability of the engine")
	return cmd
}

func (c *cli) resolve() *cobra.Command {
	var reason string
	var retry, undone, skip bool
	cmd := &cobra.Command{
		Use: "resolve ID STEP", Short: "Settle a stuck step", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			how := map[bool]string{retry: "retry", undone: "mark-undone", skip: "skip"}[true]
			return c.order(cmd, "sagas/"+url.PathEscape(args[0])+"/resolve", httpapi.ResolveOrder{
				Order: order(reason), Step: args[1], Resolution: how,
			})
		},
	}
	cmd.Flags().BoolVar(&retry, "retry", false, "try again with a new budget")
	cmd.Flags().BoolVar(&undone, "mark-undone", false, "the object is gone; the reason gives the evidence")
	cmd.Flags().BoolVar(&skip, "skip", false, "leave the object; it is listed as retained")
	cmd.MarkFlagsOneRequired("retry", "mark-undone", "skip")
	cmd.MarkFlagsMutuallyExclusive("retry", "mark-undone", "skip")
	needReason(cmd, &reason)
	return cmd
}

func needReason(cmd *cobra.Command, reason *string) {
	cmd.Flags().StringVar(reason, "reason", "", "why; it is kept with the order")
	if err := cmd.MarkFlagRequired("reason"); err != nil {
		panic(err) // the flag was defined one line above
	}
}

// order posts an order and says what came of it.
func (c *cli) order(cmd *cobra.Command, path string, body any) error {
	accepted, err := c.api().Post(cmd.Context(), path, body)
	if err != nil {
		return err
	}
	return c.print(accepted, func() {
		if accepted.Saga == "" {
			accepted.Saga = "done"
		}
		fmt.Fprintln(c.out, accepted.Saga)
	})
}
