//go:build tools

package main

// The broker of the split proof is built from the version in go.mod; this keeps what its program needs in go.sum.
import _ "github.com/nats-io/nats-server/v2"
