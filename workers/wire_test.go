package workers_test

import (
	"flag"
	"reflect"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/wiretest"
	"github.com/culvertnet/culvert/workers"
)

var update = flag.Bool("update", false, "append to the frozen lists")

// TestClaimMembersAreFrozen holds the JSON members of claims records, and the forms in them, against the frozen list.
func TestClaimMembersAreFrozen(t *testing.T) {
	lines := wiretest.Members("record", reflect.TypeFor[workers.Record]())
	lines = append(lines, wiretest.Members("beat", reflect.TypeFor[workers.Beat]())...)
	for _, line := range lines {
		if strings.HasSuffix(line, " untagged") {
			t.Errorf("%s: its name on the wire is its Go name; give it a tag", line)
		}
	}
	holder := workers.Holder{
		Connection: events.Key{Tenant: "default", Name: "orders"}, Step: "announce-2", Generation: 3,
	}
	lines = append(lines, "holder "+holder.String(), "presence "+workers.FamilyPresence.Prefix())
	wiretest.Frozen(t, "testdata/wire/members.txt", lines, *update)
}
