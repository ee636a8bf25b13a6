package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"
)

// prove hands an intent to the culvertd that lies beside this program, which has the engine, the adapters and the simulated
// world in it; this program only talks.
func (c *cli) prove() *cobra.Command {
	var config, world, only string
	var parallel int
	var quick, all bool
	cmd := &cobra.Command{
		Use: "prove FILE", Short: "Run an intent's own plan against the simulated world with a fault at every step boundary", Args: cobra.ExactArgs(1),
		Long: "prove runs the plan of an apply, and its withdrawal, once undisturbed and then once for every boundary between two steps of the work,\n" +
			"with a crash, a lost answer, a message that comes twice or late, a vendor's timeout after the effect, a refusal, and a failing undo.\n" +
			"Every run has to end completed or compensated, with one live effect on each named object and nothing left behind. Exit code 0: proved.",
		RunE: func(cmd *cobra.Command, args []string) error {
			event, err := c.read(args[0])
			if err != nil {
				return err
			}
			if event, err = toJSON(event); err != nil {
				return err
			}
			daemon, err := findDaemon()
			if err != nil {
				return err
			}
			flags := []string{"prove", "-o", c.format, "-parallel", fmt.Sprint(parallel), "-only", only, "-quick=" + fmt.Sprint(quick), "-all=" + fmt.Sprint(all), "-config", config, "-world", world}
			run := exec.CommandContext(cmd.Context(), daemon, flags...)
			run.Stdin, run.Stdout, run.Stderr = bytes.NewReader(event), c.out, c.errs
			var failed *exec.ExitError
			if err := run.Run(); errors.As(err, &failed) {
				return exitFailed
			} else if err != nil {
				return fmt.Errorf("run %s: %w", daemon, err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&config, "config", "", "configuration file of the daemon: pools, gateways, controllers, speakers")
	cmd.Flags().StringVar(&world, "world", "", "scenario of the simulated world")
	cmd.Flags().StringVar(&only, "only", "", "only trials whose fault and point contain this")
	cmd.Flags().IntVar(&parallel, "parallel", 24, "trials at once; most of one is waiting")
	cmd.Flags().BoolVar(&quick, "quick", false, "no lost answers, and no messages that come twice or late")
	cmd.Flags().BoolVar(&all, "all", false, "every point at every time it is passed, those that come to the same included: an hour rather than minutes")
	return cmd
}

// findDaemon looks for culvertd beside this program, then in PATH.
func findDaemon() (string, error) {
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), "culvertd")
		if _, err := os.Stat(beside); err == nil {
			return beside, nil
		}
	}
	found, err := exec.LookPath("culvertd")
	if err != nil {
		return "", fmt.Errorf("prove needs culvertd beside this program or in PATH: %w", err)
	}
	return found, nil
}
