// Package steptest holds what the tests of all capabilities share.
//
// [Run] holds every step against what the engine relies on, on any world: run twice, cut off between effect and answer,
// undone after doing, undone without doing, cancelled in flight. It is given the commands of a run that worked (all of
// its Do commands, in their order) and a fresh world for each case. For every step it first does what the run had done
// before, so that the step finds what it needs, and then breaks the step in each of these ways. A registered step that
// no command is for is an error, because nothing has tried it, and so is a command for a step that is not registered.
// [Covers] says the same of scenes.
//
// [Fake] is the base of the capabilities' worlds in memory. [Bench] runs single verbs over such a world, and
// [RunScenes] holds single steps against the same laws where the calls of the world are known by name. [Caller] is how
// the suites of the ports make changes. None of them knows a capability, a vendor or a port.
//
// Read bed.go for what a world must offer, then obligations.go.
package steptest
