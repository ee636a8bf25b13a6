package saga

import (
	"encoding/json"
	"reflect"
)

// Render fills a node's input from outputs by step.
func Render(n Node, outputs map[string]json.RawMessage) (json.RawMessage, error) {
	return n.render(func(step string) json.RawMessage { return outputs[step] })
}

// A FactEntry is one line of the table of facts.
type FactEntry struct {
	Number int
	Name   string
	Type   reflect.Type
}

// FactEntries is the table of facts.
func FactEntries() []FactEntry {
	entries := make([]FactEntry, len(factTable))
	for i, e := range factTable {
		entries[i] = FactEntry{Number: e.number, Name: e.name, Type: e.goType}
	}
	return entries
}
