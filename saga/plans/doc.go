// Package plans is the catalogue of intent kinds and the one door they come in by. Each kind is a package of its own
// below: its payload, its admission rules, its graph and its postconditions. plans.go lists them.
package plans
