// Package gobgp announces prefixes by BGP. It has two halves that meet at GoBGP's gRPC API and nowhere else: the
// client, which implements [routing.Announcements] for via "bgp" over any GoBGP server, and the speaker, a GoBGP server
// in this process that is filled again from claims before its sessions come up.
//
// A speaker keeps its paths in memory only; the truth is in the claims. Only paths that were added through the API are
// read and written: what a speaker has learned from its peers is never touched. IPv4 unicast only.
//
// Facts about GoBGP are from its source, v4.8.0. Best-path options are globals of that library: run one speaker a
// process.
//
// The speaker is a source of routes only (policy.go), whoever asks its API (guard.go), and remembers why a session with
// a peer is not there (sessions.go), which GoBGP tells in its log alone (log.go). Its list of peers says when each gave
// a sign of life last (heard.go), by which the client tells what was sent from what was only handed over.
//
// Read client.go first, then speaker.go.
package gobgp
