package privateservice

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// unreachable are the rules that the schema keeps from being broken; Admit holds them too, for payloads that were not
// read from an event. TestRulesBehindTheSchema shows that they work.
var unreachable = map[string]bool{
	"target": true, "subnet": true, "announce-limit": true, "filter-limit": true, "connector-name": true,
	"payload": true,
}

// ruleName finds the rules where they are written: the argument after the field.
var ruleName = regexp.MustCompile(`, "([a-z]+(?:-[a-z]+)*)",(?: "|$)`)

func rulesInSource(t *testing.T) []string {
	t.Helper()
	var rules []string
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "admission") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		for line := range strings.SplitSeq(string(read(t, e.Name())), "\n") {
			if m := ruleName.FindStringSubmatch(line); m != nil {
				rules = append(rules, m[1])
			}
		}
	}
	slices.Sort(rules)
	return slices.Compact(rules)
}
