package main

import (
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/culvertnet/culvert/adapters/httpapi"
)

// replaying are the flags of a replay.
type replaying struct {
	waiting
	selection
	bulk
	from, input, reason string
	plan, yes           bool
}

func (c *cli) replay() *cobra.Command {
	var r replaying
	cmd := &cobra.Command{
		Use: "replay ID…", Short: "Run compensated or stuck sagas again, or continue stuck ones",
		Long: "Before a saga named by ID is replayed, its objects are observed, and a table shows what was\n" +
			"observed and what will run. --plan stops there.\n" +
			"--status and the filters beside it select many sagas: a canary first, then the rest at a pace.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := r.check(args); err != nil {
				return err
			}
			return c.replayThese(cmd, args, r)
		},
	}
	r.selection.flags(cmd)
	r.bulk.flags(cmd)
	cmd.Flags().StringVar(&r.from, "from", "start", "start (a new saga) or failed (continue where it is stuck)")
	cmd.Flags().StringVar(&r.input, "input", "", "file with an event whose data replaces the intent's")
	cmd.Flags().BoolVar(&r.plan, "plan", false, "observe the objects, show what a replay would do, and change nothing")
	cmd.Flags().BoolVar(&r.yes, "yes", false, "replay without the table")
	needReason(cmd, &r.reason)
	r.waiting.flags(cmd)
	return cmd
}

// check refuses flags that do not go together.
func (r *replaying) check(args []string) error {
	if (r.status == "") == (len(args) == 0) {
		return usage("name sagas, or select them by --status, one of the two")
	}
	if err := r.parse(); err != nil {
		return err
	}
	if r.status == "" && (r.filters() || r.given()) {
		return usage("filters, --canary, --pace and --max-failures select and pace what --status finds")
	}
	return nil
}

// replayThese replays what is named or selected, in the way that the flags ask for.
func (c *cli) replayThese(cmd *cobra.Command, ids []string, r replaying) error {
	o := httpapi.ReplayOrder{Order: order(r.reason), From: r.from}
	if r.input != "" {
		var err error
		if o.Input, err = c.inputData(r.input); err != nil {
			return err
		}
	}
	if r.status != "" {
		found, err := c.selected(cmd, r.selection)
		if err != nil {
			return err
		}
		for _, v := range found {
			ids = append(ids, v.ID)
		}
		c.announce(found)
	}
	switch {
	case r.plan:
		return c.preview(cmd.Context(), ids, o)
	case r.given():
		return c.replayPaced(cmd.Context(), ids, o, r.bulk, r.waiting)
	case r.status == "" && !r.yes && c.format == "table":
		c.warn(cmd.Context(), ids, o)
	}
	return c.replayAll(cmd, ids, o, r.waiting)
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
