package aviatrix

import (
	"strings"
	"testing"
)

// TestEveryChangeHasItsClient: a call that changes something says what clients send with it, and from where that is
// known; one that the controllers do not have says nothing.
func TestEveryChangeHasItsClient(t *testing.T) {
	served := actions(8)
	for name := range served {
		reads := false
		for _, word := range []string{"list_", "get_", "check_", "cloud_network_info"} {
			reads = reads || strings.HasPrefix(name, word)
		}
		if known, changes := clientCalls[name]; changes == reads || changes && known.from == "" {
			t.Errorf("%s: reads %v, and clients' fields are known %v", name, reads, changes)
		}
	}
	for name := range clientCalls {
		if _, has := served[name]; !has {
			t.Errorf("no controller has %s", name)
		}
	}
}
