// Package intake is the one way in for publishers' intents: it reads the three CloudEvents modes, reads JSON strictly,
// judges envelope and data by their JSON Schemas and by the kind's admission rules, and submits what is admitted. It
// decides nothing about a connection: kinds and engine are two ports.
//
// Read intake.go first (accept), then consume.go (intents from the bus), decode.go, message.go (the three modes),
// strictjson.go (what is refused before any schema) and validate.go (envelope, type and data).
package intake
