// Package simcloud serves a simulated world of vendors on one loopback address, speaking their own wire protocols, so
// that the real adapters with the real client libraries run against it with nothing changed but the endpoint.
//
// The parts: package world has the shared state, the ledger of effects and the faults; package google and package
// aviatrix are the vendors' apis; this package starts them from one scenario file and adds the control endpoint
// (/sim/…), with which the command line and the tests look at the world and make it fail; package control is its
// client. It imports nothing of the project outside its own folder but the default scenario.
//
// Read simcloud.go first, then control.go.
package simcloud
