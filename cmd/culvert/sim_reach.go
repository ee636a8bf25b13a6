package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
)

// simReach asks the simulated world about one packet and its answer.
func (c *cli) simReach() *cobra.Command {
	var p control.Packet
	cmd := &cobra.Command{
		Use: "reach --from PLACE --to PLACE|ADDRESS|NAME", Args: cobra.NoArgs,
		Short: "Follow one packet and its answer through the simulated world, hop by hop",
		Long: "reach follows the first packet of a connection to where it arrives or is dropped, then its\n" +
			"answer. Each hop names the rule that decided and the vendor's page that the rule is from, or\n" +
			"the switch where no page decides (culvert sim switches).\n\n" +
			"A place is network:PROJECT/NETWORK/ADDRESS, machine:PROJECT/NAME, service:PROJECT/REGION/NAME,\n" +
			"connector:PROJECT/REGION/NAME, subnetwork:PROJECT/REGION/NAME, gateway:CONTROLLER/GATEWAY/ADDRESS,\n" +
			"site:NAME/ADDRESS or internet:ADDRESS.\n\n" +
			"The exit code is 0 when both ways pass and 6 when one is blocked.",
		Example: "  culvert sim reach --from site:site-1/192.168.10.7 --to " +
			"python-http-function-123456789.europe-west3.run.app\n" +
			"  culvert sim reach --from subnetwork:acme-net/europe-west3/direct-egress --to 10.20.0.4 --port 80",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if p.Proto != "tcp" && p.Proto != "udp" && p.Proto != "sctp" && !cmd.Flags().Changed("port") {
				p.Port = 0
			}
			world, err := c.world(cmd.Context())
			if err != nil {
				return err
			}
			r, err := world.Reach(cmd.Context(), p)
			if err != nil {
				return err
			}
			if err := c.print(r, func() { c.reach(r) }); err != nil {
				return err
			}
			if !r.Passes {
				return exitBlocked
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&p.From, "from", "", "the place that sends")
	f.StringVar(&p.To, "to", "", "the place, address or name that is meant")
	f.StringVar(&p.Proto, "proto", "tcp", "tcp, udp, icmp, esp, ah, sctp or gre")
	f.IntVar(&p.Port, "port", 443, "the destination's port")
	f.StringVar(&p.Name, "name", "",
		"what the client says in TLS or in its Host header; default: --to, if that is a name")
	f.BoolVar(&p.V6, "v6", false, "use the IPv6 address of places and names that have both")
	for _, name := range []string{"from", "to"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // the flags were defined above
		}
	}
	return cmd
}

// reach writes both ways for people.
func (c *cli) reach(r control.Reach) {
	c.way("out", &r.Out)
	c.way("back", r.Back)
	word := "blocked"
	if r.Passes {
		word = "passes"
	}
	fmt.Fprintln(c.out, word)
}

func (c *cli) way(name string, w *control.Way) {
	if w == nil {
		return
	}
	word := "dropped at"
	if w.Passes {
		word = "arrives at"
	}
	fmt.Fprintf(c.out, "%s: %s to %s %s %s\n", name, cmp.Or(w.Src, "-"), cmp.Or(w.Dst, "-"), word, w.End)
	for _, h := range w.Hops {
		mark := " "
		if h.Drop {
			mark = "!"
		}
		by := ""
		if h.By != "" {
			by = " [" + h.By + "]"
		}
		source := h.Page
		if h.Switch != "" {
			source = "switch " + h.Switch + " is " + h.Set
		}
		fmt.Fprintf(c.out, "%s %s: %s%s (%s)\n", mark, h.At, h.Says, by, source)
	}
}

func (c *cli) simSwitches() *cobra.Command {
	return &cobra.Command{Use: "switches", Args: cobra.NoArgs,
		Short: "Questions that no document of a vendor answers, and how this world answers them",
		RunE: func(cmd *cobra.Command, _ []string) error {
			world, err := c.world(cmd.Context())
			if err != nil {
				return err
			}
			list, err := world.Switches(cmd.Context())
			if err != nil {
				return err
			}
			return c.print(list, func() {
				var rows [][]string
				for _, s := range list {
					rows = append(rows, []string{s.Name, onOff(s.On), onOff(s.Default), s.Why})
				}
				c.rows("NAME NOW DEFAULT WHY", rows)
			})
		}}
}

func (c *cli) simSwitch() *cobra.Command {
	return &cobra.Command{Use: "switch NAME on|off", Args: cobra.ExactArgs(2),
		Short: "Answer one of these questions for this world",
		RunE: func(cmd *cobra.Command, args []string) error {
			word := strings.ToLower(args[1])
			if word != "on" && word != "off" {
				return usage(fmt.Sprintf("invalid switch position %q: want on or off", args[1]))
			}
			world, err := c.world(cmd.Context())
			if err != nil {
				return err
			}
			return world.SetSwitch(cmd.Context(), control.SwitchTo{Name: args[0], On: word == "on"})
		}}
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
