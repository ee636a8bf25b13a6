// Package control is the client of the simulated world's control endpoint (/sim/…), and the words that both sides
// speak.
//
// It is the only client: the daemon finds its simulated vendors with it, the command line shows the world with it, and
// proofs and tests make vendor calls fail with it. It knows no vendor and imports nothing of the project but the
// world's types.
//
// Read client.go first.
package control
