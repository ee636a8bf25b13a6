// Package bgp is the simulated world's part of BGP, and it is real BGP: a GoBGP server that plays the remote site, and
// the fault proxy in front of the speakers' GoBGP API.
//
// The site is passive. A speaker (a process of the product, or of a test) registers with its name, its API and the
// address its session comes from; the site then accepts its session, and what the site has learned is shown among the
// world's resources, without being anybody's effect.
//
// The proxy is a gRPC proxy that passes everything through unread but AddPath and DeletePath: those are the calls
// `announce` and `withdraw` of the vendor "bgp", which can be made to fail and are written to the ledger.
//
// It is not a speaker: it announces nothing of ours, and it keeps no copy of what a speaker announces but for the
// ledger.
//
// Read start.go first, then proxy.go (a call's way), announce.go (what the two calls mean) and site.go.
package bgp
