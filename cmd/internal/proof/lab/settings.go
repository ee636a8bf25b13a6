package lab

import (
	"cmp"
	"context"
)

// A Proof runs to its end, prints its table, and gives an error for any miss.
type Proof func(context.Context, Settings) error

// Settings are the same for every proof.
type Settings struct {
	Bin      string // folder of the programs
	Fixtures string
	Only     string
	Modes    string // of faults, with commas
	Parallel int    // daemons at once
	To       string // folder for what is recorded
	Rev      string // revision of the last release
	Seed     uint64
	Keep     bool
	// Sagas, Faults, Window and Speed are a campaign's; zero is the proof's own figure.
	Sagas, Faults, Window int
	Speed                 float64
}

// Filled gives a campaign the proof's own figures where none are asked for.
func (s Settings) Filled(sagas, faults int) Settings {
	s.Sagas, s.Faults = cmp.Or(s.Sagas, sagas), cmp.Or(s.Faults, faults)
	return s
}
