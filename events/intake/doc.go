// Package intake is the one way in for publishers' intents: it reads the three CloudEvents modes, reads JSON strictly, and
// judges envelope and data by their JSON Schemas. It decides nothing about a connection.
//
// Read decode.go first, then message.go (the three modes), strictjson.go (what is refused before any schema) and
// validate.go (envelope, type and data).
package intake
