// Package wiretest keeps what readers of other releases must understand: the JSON members of stored and published
// types, and the words in them. It is for tests. A list is a file in testdata/wire with one line for each name; a line
// may be added, by `make golden`, and is never changed or removed. Start with frozen.go.
package wiretest
