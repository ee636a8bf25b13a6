package saga

import "encoding/json"

// Render fills a node's input from outputs by step.
func Render(n Node, outputs map[string]json.RawMessage) (json.RawMessage, error) {
	return n.render(func(step string) json.RawMessage { return outputs[step] })
}
