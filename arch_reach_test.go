package culvert_test

import (
	"strings"
	"testing"
)

// evaluator is the package in which the simulated world judges packets, generator the one that invents worlds, intents
// and packets for the proofs.
const (
	evaluator = "adapters/simcloud/reach"
	generator = "cmd/proofs/reach/invented"
)

// TestTheWorldJudgesAlone: what judges packets in the simulated world and what the product believes about packets share
// no code, no type and no table, in tests neither. Else both make the same mistake and no proof finds it. Only the
// simulated world and proofs ask the evaluator; everybody else has its control endpoint. What invents worlds for the
// proofs knows neither, so that it does not invent what one of them thinks of.
func TestTheWorldJudgesAlone(t *testing.T) {
	seen, invents := false, false
	for _, s := range sources(t) {
		invents = invents || s.pkg == generator
		for _, path := range s.imports() {
			imported, ours := strings.CutPrefix(path, module+"/")
			if !ours || s.pkg == generator && strings.HasSuffix(s.path, "_test.go") {
				continue
			}
			if s.pkg == evaluator {
				seen = true
			}
			if said := sharedWithTheWorld(s, imported); said != "" {
				t.Errorf("%s imports %s: %s", s.path, imported, said)
			}
		}
	}
	if !seen || !invents {
		t.Errorf("files of %s looked at: %v, of %s: %v", evaluator, seen, generator, invents)
	}
}

// sharedWithTheWorld says why a file must not import a package of ours, as far as the evaluator is concerned.
func sharedWithTheWorld(s source, imported string) string {
	within := func(pkg, folder string) bool { return pkg == folder || strings.HasPrefix(pkg, folder+"/") }
	if s.pkg == evaluator && !within(imported, "adapters/simcloud") {
		return "the evaluator knows the simulated world only"
	}
	if s.pkg == generator {
		return "what invents worlds knows neither the product nor the evaluator"
	}
	if within(imported, evaluator) && !within(s.pkg, "adapters/simcloud") && !within(s.pkg, "cmd/proofs") &&
		!within(s.pkg, "cmd/internal/proof") {
		return "only the simulated world and proofs know its evaluator"
	}
	return ""
}

// TestSharedWithTheWorld holds the check itself.
func TestSharedWithTheWorld(t *testing.T) {
	for _, c := range []struct {
		pkg, imported string
		refused       bool
	}{
		{evaluator, "adapters/simcloud/world", false},
		{evaluator, "adapters/simcloud/aviatrix", false},
		{evaluator, "events", true},
		{evaluator, "workers/policy", true},
		{evaluator, "adapters/gcp", true},
		{"adapters/simcloud", evaluator, false},
		{"cmd/proofs/reach", evaluator, false},
		{"cmd/internal/proof/lab", evaluator, false},
		{"cmd/culvert", evaluator, true},
		{"cmd/internal/wiring", evaluator, true},
		{"events/reach", evaluator, true},
		{"adapters/gcp", evaluator, true},
		{"adapters/gcp", "workers/policy", false},
		{generator, "events/reach", true},
		{generator, evaluator, true},
		{generator, "workers/observe", true},
	} {
		if said := sharedWithTheWorld(source{pkg: c.pkg}, c.imported); (said != "") != c.refused {
			t.Errorf("%s imports %s: %q", c.pkg, c.imported, said)
		}
	}
}
