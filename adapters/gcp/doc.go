// Package gcp is the driver for Google Cloud: it implements the ports of network, egress, routing ("cloud-router") and
// policy ("gcp-firewall"), reads what decides about packets (observe), and polls Google's long operations, with
// Google's own client libraries.
//
// It holds no policy. It does not retry, does not wait for an operation, keeps no lock, and remembers nothing but which
// project has which number, and for some seconds what a command, or one beside it, was told (memo.go, siblings.go): a
// mutation answers [workers.WaitFor] while Google goes on with it, nil when it is so, or a
// failure classified in the one table of errors.go. What a name means, whose a thing is and what comes next is decided
// by steps.
//
// Read client.go first (which client library serves what), then errors.go, mutation.go (how a call with a request id is
// repeated without harm) and operations.go; then one file a noun. The facts begin in facts.go: facts_read*.go have the
// calls, facts_told.go what makes a list whole, facts_spelling.go the names, and one file each fact.
package gcp
