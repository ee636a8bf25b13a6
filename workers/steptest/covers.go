package steptest

import (
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// Covers fails the test for every registered step that no scene tries, and for every scene of a step that is not
// registered. handlers are all steps of a capability; drivers that are nil will do, for nothing is run.
func Covers(t Tester, handlers []workers.Handler, scenes []Scene) {
	t.Helper()
	var tried []string
	for _, s := range scenes {
		tried = append(tried, s.Step.Kind)
	}
	covers(t, handlers, tried)
}

func covers(t Tester, handlers []workers.Handler, tried []string) {
	t.Helper()
	var registered []string
	for _, h := range handlers {
		registered = append(registered, h.Kind())
		if !slices.Contains(tried, h.Kind()) {
			t.Errorf("step %s is registered, and nothing tries it: add a scene or a sample of it", h.Kind())
		}
	}
	for _, kind := range tried {
		if !slices.Contains(registered, kind) {
			t.Errorf("step %s is tried, and not registered", kind)
		}
	}
}

// readOnly tells of a check, which leaves nothing to look at: every capability has one, "<capability>.check".
func readOnly(kind string) bool { return strings.HasSuffix(kind, ".check") }

// kindsOf are the steps that commands are for.
func kindsOf(samples []events.Command) []string {
	var kinds []string
	for _, c := range samples {
		kinds = append(kinds, c.Kind)
	}
	return kinds
}
