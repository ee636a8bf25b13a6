// Package httpapi is the HTTP API of Culvert and its mirror: the server that publishes OpenAPI 3.1 and answers errors
// as problem+json (RFC 9457), and the client that the command line uses, so that the wire format has one owner.
//
// Read ports.go for what the server consumes, server.go for the list of operations, then one file a noun. It decides
// nothing: intents go through the same Accept as from any other intake, orders go to the engine.
package httpapi
