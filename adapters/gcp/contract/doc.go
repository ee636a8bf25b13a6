// Package contract holds what is said to Google's APIs, and what is answered, against Google's own discovery documents:
// unknown methods, parameters and fields, wrong types and formats, values outside an enumeration or a pattern,
// output-only fields in requests, required ones that are missing. Google refuses some of these and silently ignores
// others.
//
// Wrap a client's transport in a [Recorder] and read its [Report] at the end. The documents come from the module
// google.golang.org/api that the build uses anyway, so the package runs where the go command and the module cache are.
//
// It does not judge values that only the service itself can (names that are taken, states, quotas).
//
// Read recorder.go first, then discovery.go (which method a URL is) and check.go (a value against a schema).
package contract
