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

// proverName is the program that has engine, adapters and simulated world in it, for prove; this program only talks.
const proverName = "culvert-prove"

// prove hands an intent to the culvert-prove that lies beside this program.
func (c *cli) prove() *cobra.Command {
	var config, world, only string
	var parallel int
	var quick, all bool
	cmd := &cobra.Command{
		Use:   "prove FILE",
		Short: "Run an intent's own plan against the simulated world with a fault at every step boundary",
		Args:  cobra.ExactArgs(1),
		Long: "prove runs the plan of an apply, and its withdrawal, once undisturbed and then once " +
			"for every boundary between two steps of the work,\n" +
			"with a crash, a lost answer, a message that comes twice or late, " +
			"a vendor's timeout after the effect, a refusal, and a failing undo.\n" +
			"Every run has to end completed or compensated, " +
			"with one live effect on each named object and nothing left behind. Exit code 0: proved.",
		RunE: func(cmd *cobra.Command, args []string) error {
			event, err := c.read(args[0])
			if err != nil {
				return err
			}
			if event, err = toJSON(event); err != nil {
				return err
			}
			prover, err := findProver(os.Executable)
			if err != nil {
				return err
			}
			flags := []string{"-o", c.format, "-parallel", fmt.Sprint(parallel), "-only", only,
				"-quick=" + fmt.Sprint(quick), "-all=" + fmt.Sprint(all), "-config", config, "-world", world}
			run := exec.CommandContext(cmd.Context(), prover, flags...)
			run.Stdin, run.Stdout, run.Stderr = bytes.NewReader(event), c.out, c.errs
			var failed *exec.ExitError
			if err := run.Run(); errors.As(err, &failed) {
				return exitFailed
			} else if err != nil {
				return fmt.Errorf("run %s: %w", prover, err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&config, "config", "",
		"configuration file of the daemon: pools, gateways, controllers, speakers")
	cmd.Flags().StringVar(&world, "world", "", "scenario of the simulated world")
	cmd.Flags().StringVar(&only, "only", "", "only trials whose fault and point contain this")
	cmd.Flags().IntVar(&parallel, "parallel", 24, "trials at once; most of one is waiting")
	cmd.Flags().BoolVar(&quick, "quick", false, "no lost answers, and no messages that come twice or late")
	cmd.Flags().BoolVar(&all, "all", false,
		"every point at every time it is passed, those that come to the same included: an hour rather than minutes")
	return cmd
}

// findProver looks beside this program, and beside what a link to it means; PATH decides nothing.
func findProver(self func() (string, error)) (string, error) {
	program, err := self()
	if err != nil {
		return "", fmt.Errorf("find %s: %w", proverName, err)
	}
	folder := filepath.Dir(program)
	for _, at := range []func() (string, error){
		func() (string, error) { return program, nil },
		func() (string, error) { return filepath.EvalSymlinks(program) },
	} {
		place, err := at()
		if err != nil {
			continue
		}
		beside := filepath.Join(filepath.Dir(place), proverName)
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			return beside, nil
		}
	}
	return "", fmt.Errorf("%s is not installed: copy it from the release of this culvert into %s", proverName, folder)
}
