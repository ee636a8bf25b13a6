package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/cmd/proofs/backends"
	"github.com/culvertnet/culvert/cmd/proofs/blast"
	"github.com/culvertnet/culvert/cmd/proofs/broken"
	"github.com/culvertnet/culvert/cmd/proofs/faults"
	"github.com/culvertnet/culvert/cmd/proofs/mutants"
	"github.com/culvertnet/culvert/cmd/proofs/plans"
	"github.com/culvertnet/culvert/cmd/proofs/reach"
	"github.com/culvertnet/culvert/cmd/proofs/recorded"
	"github.com/culvertnet/culvert/cmd/proofs/releases"
	"github.com/culvertnet/culvert/cmd/proofs/scale"
)

// family is a folder of proofs.
type family struct {
	name   string
	proofs map[string]lab.Proof
}

// all are the families, in the order in which they are listed.
func all() []family {
	return []family{
		{"plans", plans.Proofs()}, {"faults", faults.Proofs()}, {"backends", backends.Proofs()},
		{"scale", scale.Proofs()},
		{"reach", reach.Proofs()}, {"blast", blast.Proofs()}, {"broken", broken.Proofs()},
		{"recorded", recorded.Proofs()}, {"mutants", mutants.Proofs()}, {"releases", releases.Proofs()},
	}
}

// find gives a proof by name; nil if there is none.
func find(families []family, name string) lab.Proof {
	for _, f := range families {
		if p := f.proofs[name]; p != nil {
			return p
		}
	}
	return nil
}

func main() {
	families := all()
	s := lab.Settings{}
	flag.StringVar(&s.Bin, "bin", "bin", "folder with culvertd and culvert")
	flag.StringVar(&s.Fixtures, "fixtures", "", "folder with recorded exchanges (recorded)")
	flag.StringVar(&s.Only, "only", "", "only rows whose name contains this (matrix, failures, removals), or "+
		"parts (preflight)")
	flag.StringVar(&s.Modes, "modes", "refuse,lose-reply", "fault modes (failures, removals): "+
		"refuse, fail-before, fail-after, lose-reply, throttle, delay, expire-session")
	flag.StringVar(&s.To, "to", "", "folder that takes what is recorded (stores)")
	flag.StringVar(&s.Rev, "rev", "92af73b", "revision of the last release (releases)")
	flag.IntVar(&s.Parallel, "parallel", 3, "daemons at once (matrix, failures, removals)")
	flag.Uint64Var(&s.Seed, "seed", uint64(time.Now().UnixNano()), "seed of what is random (kill, campaigns)")
	flag.IntVar(&s.Sagas, "sagas", 0, "how many sagas a campaign runs; 0: the proof's own figure")
	flag.IntVar(&s.Faults, "faults", 0, "how many faults a campaign makes; 0: the proof's own figure")
	flag.IntVar(&s.Window, "window", 32, "connections under way at once in a campaign")
	flag.Float64Var(&s.Speed, "speed", 300, "speed of the world in a campaign")
	flag.BoolVar(&s.Keep, "keep", false, "keep state folders and logs")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "proofs NAME [flags]: run one proof. The names, by family:")
		for _, f := range families {
			fmt.Fprintf(os.Stderr, "  %-9s %s\n", f.name, strings.Join(slices.Sorted(maps.Keys(f.proofs)), " "))
		}
		flag.PrintDefaults()
	}
	// The proof's name may stand before its flags, as make gives it.
	args := os.Args[1:]
	name := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, args = args[0], args[1:]
	}
	if err := flag.CommandLine.Parse(args); err != nil {
		os.Exit(2)
	}
	if name == "" {
		name = flag.Arg(0)
	}
	run := find(families, name)
	if run == nil {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	began := time.Now()
	err := run(ctx, s)
	fmt.Printf("%s: %s\n", name, time.Since(began).Round(time.Second))
	if err != nil {
		fmt.Fprintf(os.Stderr, "proofs %s: %v\n", name, err)
		os.Exit(1)
	}
}
