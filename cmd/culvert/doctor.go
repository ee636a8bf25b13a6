package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/audit"
)

func (c *cli) doctor() *cobra.Command {
	var journal, preflight bool
	var against, file string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Diagnose sagas that make no progress; or verify the journal, or ask what is missing in Google Cloud",
		Args:  cobra.NoArgs,
		Long: "doctor lists the sagas that make no progress, by cause; the exit code is 1 when one needs\n" +
			"operator action.\n" +
			"doctor --journal reads every record and compares chains, snapshots, listing and checkpoints.\n" +
			"With -o json it also prints the head of each journal. Keep that elsewhere: --against then\n" +
			"finds records that were cut off or rewritten.\n" +
			"doctor --preflight lets every worker ask Google which permissions and APIs it lacks, and which\n" +
			"organisation policies forbid what is asked for: for an intent (-f), or for everything in the\n" +
			"projects of the configuration. The exit code is 1 when something is missing, 7 when something\n" +
			"could not be asked.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case !journal && against != "":
				return usage("--against belongs to --journal")
			case !preflight && file != "":
				return usage("--file belongs to --preflight")
			case journal && preflight:
				return usage("--journal and --preflight are two questions: ask one")
			case preflight:
				return c.preflightRun(cmd.Context(), file)
			case !journal:
				return c.diagnose(cmd)
			}
			var heads []saga.Head
			if against != "" {
				var err error
				if heads, err = readHeads(against); err != nil {
					return err
				}
			}
			report, err := c.api().Audit(cmd.Context(), heads)
			if err != nil {
				return err
			}
			if err := c.print(report, func() { c.audited(report) }); err != nil {
				return err
			}
			if len(report.Findings) > 0 {
				return exitFailed
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&journal, "journal", false, "verify the journal")
	cmd.Flags().StringVar(&against, "against", "", "file with the output of an earlier doctor --journal -o json")
	cmd.Flags().BoolVar(&preflight, "preflight", false, "ask what is missing in Google Cloud")
	cmd.Flags().StringVarP(&file, "file", "f", "", "the intent to ask for, FILE or - (--preflight)")
	return cmd
}

func (c *cli) audited(r audit.Report) {
	var rows [][]string
	for _, f := range r.Findings {
		rows = append(rows, []string{f.Key.String(), fmt.Sprint(f.Version), f.What, f.Detail})
	}
	if len(rows) > 0 {
		c.rows("CONNECTION VERSION FINDING DETAIL", rows)
	}
	fmt.Fprintf(c.out, "%d records of %d connections, %d checkpoints: %d findings\n", r.Records, r.Connections,
		r.Checkpoints, len(r.Findings))
}

// readHeads reads the heads of an earlier report.
func readHeads(file string) ([]saga.Head, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read heads: %w", err)
	}
	var r audit.Report
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("read heads from %s: %w", file, err)
	}
	return r.Heads, nil
}
