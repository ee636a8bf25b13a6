package main

import (
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/culvertnet/culvert/adapters/httpapi"
)

func (c *cli) replay() *cobra.Command {
	var w waiting
	var s selection
	var b bulk
	var from, input, reason string
	var plan, yes bool
	cmd := &cobra.Command{
		Use: "replay ID…", Short: "Run compensated or stuck sagas again, or continue stuck ones",
		Long: "Before a saga named by ID is replayed, its objects are observed, and a table shows what was observed " +
			"and what will run.\n" +
			"--plan stops there. --status and the filters beside it select many sagas: a canary first, then the rest " +
			"at a pace.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if (s.status == "") == (len(args) == 0) {
				return usage("name sagas, or select them by --status, one of the two")
			}
			if err := b.parse(); err != nil {
				return err
			}
			if s.status == "" && (s.filters() || b.given()) {
				return usage("filters, --canary, --pace and --max-failures select and pace what --status finds")
			}
			o := httpapi.ReplayOrder{Order: order(reason), From: from}
			if input != "" {
				data, err := c.inputData(input)
				if err != nil {
					return err
				}
				o.Input = data
			}
			if s.status != "" {
				found, err := c.selected(cmd, s)
				if err != nil {
					return err
				}
				for _, v := range found {
					args = append(args, v.ID)
				}
				c.announce(found)
			}
			switch {
			case plan:
				return c.preview(cmd.Context(), args, o)
			case b.given():
				return c.replayPaced(cmd.Context(), args, o, b, w)
			case s.status == "" && !yes && c.format == "table":
				c.warn(cmd.Context(), args, o)
			}
			return c.replayAll(cmd, args, o, w)
		},
	}
	s.flags(cmd)
	b.flags(cmd)
	cmd.Flags().StringVar(&from, "from", "start", "start (a new saga) or failed (continue where it is stuck)")
	cmd.Flags().StringVar(&input, "input", "", "file with an event whose data replaces the intent's")
	cmd.Flags().BoolVar(&plan, "plan", false, "observe the objects, show what a replay would do, and change nothing")
	cmd.Flags().BoolVar(&yes, "yes", false, "replay without the table")
	needReason(cmd, &reason)
	w.flags(cmd)
	return cmd
}

// replayAll replays one after the other, also after one that fails; the first that does not end as wished decides the
// exit code.
func (c *cli) replayAll(cmd *cobra.Command, ids []string, o httpapi.ReplayOrder, w waiting) error {
	var failed error
	for _, id := range ids {
		accepted, err := c.api().Post(cmd.Context(), "sagas/"+url.PathEscape(id)+"/replay", o)
		if err != nil {
			err = fmt.Errorf("replay %s: %w", id, err)
			if failed != nil {
				fmt.Fprintln(c.errs, "culvert:", explain(err))
			} else {
				failed = err
			}
			continue
		}
		if !w.wait {
			if err := c.print(accepted, func() { fmt.Fprintln(c.out, accepted.Saga) }); err != nil {
				return err
			}
			continue
		}
		if err := c.follow(cmd.Context(), accepted.Saga, w.timeout); err != nil && failed == nil {
			failed = err
		}
	}
	return failed
}

// inputData reads a whole event, or only its data.
func (c *cli) inputData(file string) (json.RawMessage, error) {
	raw, err := c.read(file)
	if err != nil {
		return nil, err
	}
	event, err := toJSON(raw)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	var whole struct {
		SpecVersion string          `json:"specversion"`
		Data        json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(event, &whole); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	if whole.SpecVersion != "" {
		return whole.Data, nil
	}
	return event, nil
}
