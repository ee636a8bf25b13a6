// Package poison keeps one message that cannot be dealt with from holding up the others: what a consumer of a bus does
// about a handler that panics, and by which rule an error means "again" or "to the dead letters". It logs nothing and
// stores nothing.
package poison
