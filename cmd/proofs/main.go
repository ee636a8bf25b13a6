package main

import (
	"cmp"
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
)

// proofs are what can be shown.
var proofs = map[string]func(context.Context, settings) error{
	"demo": demo, "matrix": matrix, "failures": failures, "crowd": crowd, "kill": kill, "split": split, "bird": bird,
	"change": change, "contract": checkContract, "bad": bad, "recorded": recorded, "removals": removals,
	"scale": scale, "synced": synced, "google": onGoogle, "r3": r3, "linear": linear, "damage": damage, "move": move, "fulldisk": fulldisk, "mutants": proveMutants, "operate": operate,
}

// settings are the same for every proof.
type settings struct {
	bin      string
	fixtures string
	only     string
	modes    string // of faults, with commas
	parallel int
	seed     uint64
	keep     bool
	// sagas, faults, window and speed are a campaign's; zero is the proof's own figure.
	sagas, faults, window int
	speed                 float64
}

// filled gives a campaign the proof's own figures where none are asked for.
func (s settings) filled(sagas, faults int) settings {
	s.sagas, s.faults = cmp.Or(s.sagas, sagas), cmp.Or(s.faults, faults)
	return s
}

func main() {
	s := settings{}
	flag.StringVar(&s.bin, "bin", "bin", "folder with culvertd and culvert")
	flag.StringVar(&s.fixtures, "fixtures", "", "folder with recorded exchanges (recorded)")
	flag.StringVar(&s.only, "only", "", "only rows whose name contains this (matrix, failures, removals)")
	flag.StringVar(&s.modes, "modes", "refuse,lose-reply", "fault modes (failures, removals): refuse, fail-before, fail-after, lose-reply, throttle, delay, expire-session")
	flag.IntVar(&s.parallel, "parallel", 3, "daemons at once (matrix, failures, removals)")
	flag.Uint64Var(&s.seed, "seed", uint64(time.Now().UnixNano()), "seed of what is random (kill, campaigns)")
	flag.IntVar(&s.sagas, "sagas", 0, "how many sagas a campaign runs; 0: the proof's own figure")
	flag.IntVar(&s.faults, "faults", 0, "how many faults a campaign makes; 0: the proof's own figure")
	flag.IntVar(&s.window, "window", 32, "connections under way at once in a campaign")
	flag.Float64Var(&s.speed, "speed", 300, "speed of the world in a campaign")
	flag.BoolVar(&s.keep, "keep", false, "keep state folders and logs")
	flag.Usage = func() {
		fmt.Fprintf(os.Stderr, "proofs [flags] PROOF: %s\n", strings.Join(slices.Sorted(maps.Keys(proofs)), " "))
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
	proof, known := proofs[name]
	if !known {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	began := time.Now()
	err := proof(ctx, s)
	fmt.Printf("%s: %s\n", name, time.Since(began).Round(time.Second))
	if err != nil {
		fmt.Fprintf(os.Stderr, "proofs %s: %v\n", name, err)
		os.Exit(1)
	}
}
