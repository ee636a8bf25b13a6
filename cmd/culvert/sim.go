package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// sim talks to the simulated world's own control door, which the daemon tells of.
func (c *cli) sim() *cobra.Command {
	cmd := &cobra.Command{Use: "sim", Short: "The simulated world: what is in it, what was done to it, what shall fail"}
	cmd.AddCommand(
		c.simTable("resources", "Differences from the scenario's baseline", "VENDOR KIND NAME OWNER CHANGE"),
		c.simTable("effects", "The ledger of every effect", "SEQ VENDOR CALL KIND NAME OWNER EFFECT"),
		c.simDiff(), c.simTable("faults", "Faults with their hits", "VENDOR CALL MODE TIMES HITS"), c.simFault(), c.simReset(),
	)
	return cmd
}

func (c *cli) simTable(name, short, header string) *cobra.Command {
	return &cobra.Command{Use: name, Short: short, Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		b, err := c.world(cmd.Context(), http.MethodGet, "/sim/"+name, nil)
		if err != nil {
			return err
		}
		var rows []map[string]any
		if err := json.Unmarshal(b, &rows); err != nil {
			return fmt.Errorf("read %s: %w", name, err)
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
	return &cobra.Command{Use: "diff", Short: "Before and after of every difference", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		b, err := c.world(cmd.Context(), http.MethodGet, "/sim/diff", nil)
		if err == nil {
			_, err = c.out.Write(b)
		}
		return err
	}}
}

func (c *cli) simFault() *cobra.Command {
	var vendor, call, mode, status, match string
	var times int
	var delay time.Duration
	add := &cobra.Command{Use: "add", Short: "Let a vendor call fail", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		fault := map[string]any{"vendor": vendor, "call": call, "mode": mode, "times": times}
		if status != "" {
			fault["status"] = status
		}
		if delay > 0 {
			fault["delay"] = delay.String()
		}
		if match != "" {
			fault["match"] = match
		}
		_, err := c.world(cmd.Context(), http.MethodPost, "/sim/faults", fault)
		return err
	}}
	f := add.Flags()
	f.StringVar(&vendor, "vendor", "", "gcp, aviatrix or bgp")
	f.StringVar(&call, "call", "", "the vendor's own name of the call")
	f.StringVar(&mode, "mode", "", "refuse, fail-before, fail-after, lose-reply, throttle, delay, expire-session")
	f.IntVar(&times, "times", 1, "how often; -1 for ever")
	f.StringVar(&status, "status", "", "the vendor's code")
	f.DurationVar(&delay, "delay", 0, "for mode delay")
	f.StringVar(&match, "match", "", "only names that contain this")
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
	cmd := &cobra.Command{Use: "reset", Short: "Clear faults, or put the whole world back", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		if !faults && !whole {
			faults, whole = true, true
		}
		_, err := c.world(cmd.Context(), http.MethodPost, "/sim/reset", map[string]bool{"faults": faults, "world": whole})
		return err
	}}
	cmd.Flags().BoolVar(&faults, "faults", false, "only faults")
	cmd.Flags().BoolVar(&whole, "world", false, "only the world")
	return cmd
}

// world asks the simulated world's control door.
func (c *cli) world(ctx context.Context, method, path string, body any) ([]byte, error) {
	info, err := c.api().Info(ctx)
	if err != nil {
		return nil, err
	}
	if info.World == "" {
		return nil, errors.New("this daemon has no simulated world")
	}
	var payload []byte
	if body != nil {
		if payload, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, info.World+path, bytes.NewReader(payload))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask the world: %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("ask the world: %w", err)
	}
	if resp.StatusCode >= 300 {
		return nil, fmt.Errorf("the world refuses: %s", strings.TrimSpace(string(b)))
	}
	return b, nil
}
