// Package steptest holds every step against what the engine relies on, on any world: run twice, cut off between effect and
// answer, undone after doing, undone without doing, cancelled in flight.
//
// It is given the commands of a run that worked (all of its Do commands, in their order) and a fresh world for each case.
// For every step it first does what the run had done before, so that the step finds what it needs, and then breaks the
// step in each of these ways. A registered step that no command is for is an error: nobody has tried it.
//
// Read bed.go for what a world must offer, then obligations.go.
package steptest
