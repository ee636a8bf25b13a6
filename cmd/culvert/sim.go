package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
)

// sim talks to the simulated world's control endpoint, whose address comes from the daemon.
func (c *cli) sim() *cobra.Command {
	cmd := &cobra.Command{Use: "sim", Short: "Inspect the simulated world and inject faults"}
	cmd.AddCommand(
		c.simTable("resources", "Differences from the scenario's baseline", "VENDOR KIND NAME OWNER CHANGE"),
		c.simTable("effects", "The ledger of every effect", "SEQ VENDOR CALL KIND NAME OWNER EFFECT"),
		c.simTable("calls", "How often each call came, reads too", "VENDOR CALL COUNT"),
		c.simDiff(), c.simTable("faults", "Faults with their hits", "VENDOR CALL MODE TIMES HITS"), c.simFault(),
		c.simReset(), c.simReach(), c.simSwitches(), c.simSwitch(),
	)
	return cmd
}

func (c *cli) simTable(name, short, header string) *cobra.Command {
	return &cobra.Command{Use: name, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			world, err := c.world(cmd.Context())
			if err != nil {
				return err
			}
			var rows []map[string]any
			if err := world.Get(cmd.Context(), name, &rows); err != nil {
				return err
			}
			if rows == nil {
				rows = []map[string]any{}
			}
			return c.print(rows, func() {
				var table [][]string
				for _, r := range rows {
					var line []string
					for _, column := range strings.Fields(header) {
						line = append(line, fmt.Sprint(r[strings.ToLower(column)]))
					}
					table = append(table, line)
				}
				c.rows(header, table)
			})
		}}
}

func (c *cli) simDiff() *cobra.Command {
	return &cobra.Command{Use: "diff", Short: "Before and after of every difference", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			world, err := c.world(cmd.Context())
			if err != nil {
				return err
			}
			b, err := world.Diff(cmd.Context())
			if err == nil {
				_, err = c.out.Write(b)
			}
			return err
		}}
}

func (c *cli) simFault() *cobra.Command {
	var fault control.Fault
	var delay time.Duration
	add := &cobra.Command{Use: "add", Short: "Let a vendor call fail", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			world, err := c.world(cmd.Context())
			if err != nil {
				return err
			}
			if delay > 0 {
				fault.Delay = control.Delay(delay)
			}
			return world.AddFault(cmd.Context(), fault)
		}}
	f := add.Flags()
	f.StringVar(&fault.Vendor, "vendor", "", "gcp, aviatrix or bgp")
	f.StringVar(&fault.Call, "call", "", "the vendor's own name of the call")
	f.StringVar(&fault.Mode, "mode", "",
		"refuse, fail-before, fail-after, lose-reply, throttle, delay, expire-session, slow-operation, "+
			"unreachable")
	f.IntVar(&fault.Times, "times", 1, "how often; -1 for ever")
	f.StringVar(&fault.Status, "status", "", "the vendor's code")
	f.DurationVar(&delay, "delay", 0, "for the modes delay and slow-operation")
	f.StringVar(&fault.Match, "match", "", "only names that contain this")
	f.BoolVar(&fault.Behind, "behind", false, "only once every fault that was added before it has been met")
	for _, name := range []string{"vendor", "call", "mode"} {
		if err := add.MarkFlagRequired(name); err != nil {
			panic(err) // the flags were defined above
		}
	}
	cmd := &cobra.Command{Use: "fault", Short: "Faults"}
	cmd.AddCommand(add)
	return cmd
}

func (c *cli) simReset() *cobra.Command {
	var faults, whole bool
	cmd := &cobra.Command{Use: "reset", Short: "Clear faults, or put the whole world back", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !faults && !whole {
				faults, whole = true, true
			}
			world, err := c.world(cmd.Context())
			if err != nil {
				return err
			}
			return world.Reset(cmd.Context(), control.Reset{Faults: faults, World: whole})
		}}
	cmd.Flags().BoolVar(&faults, "faults", false, "only faults")
	cmd.Flags().BoolVar(&whole, "world", false, "only the world")
	return cmd
}

// world is the control endpoint of the daemon's simulated world.
func (c *cli) world(ctx context.Context) (control.Client, error) {
	info, err := c.api().Info(ctx)
	if err != nil {
		return control.Client{}, err
	}
	if info.World == "" {
		return control.Client{}, errors.New("this daemon has no simulated world")
	}
	return control.Client{URL: info.World}, nil
}
