package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
)

// A packet is followed both ways; the exit code says whether both pass, the text which rule and which page decided.
func TestAPacketIsFollowed(t *testing.T) {
	const backend, direct = "10.20.0.4", "subnetwork:acme-net/europe-west3/direct-egress"
	e := culvert(t, "sim", "reach", "--from", direct, "--to", backend, "--port", "80").want(t, 0)
	for _, want := range []string{
		"out: 10.11.0.2 to 10.20.0.4 arrives at gateway:avx-100/azure-spoke-10/10.20.0.4\n",
		"back: 10.20.0.4 to 10.11.0.2 arrives at network:acme-net/spoke-vpc/10.11.0.2\n",
		"(https://cloud.google.com/vpc/docs/routes)\n", "\npasses\n",
	} {
		if !strings.Contains(e.out, want) {
			t.Errorf("%q is missing in\n%s", want, e.out)
		}
	}
	e = culvert(t, "sim", "reach", "--from", "connector:acme-net/europe-west3/legacy", "--to", backend).want(t, 6)
	if !strings.Contains(e.out, "\n! gateway avx-100/azure-spoke-10: ") || !strings.HasSuffix(e.out, "\nblocked\n") {
		t.Errorf("a way back that nobody told:\n%s", e.out)
	}
	const nobody = "no-such-name.invalid"
	e = culvert(t, "sim", "reach", "--from", direct, "--to", nobody, "--proto", "icmp", "-o", "json").want(t, 6)
	var r control.Reach
	if err := json.Unmarshal([]byte(e.out), &r); err != nil || r.Passes || r.Back != nil || len(r.Out.Hops) == 0 ||
		r.Out.Hops[len(r.Out.Hops)-1].Rule != "name-none" {
		t.Errorf("%v: %s", err, e.out)
	}
}

// A switch answers what no document does, for this world, until the world is put back.
func TestSwitches(t *testing.T) {
	site := []string{"sim", "reach", "--from", "site:site-1/192.168.10.7", "--to", "10.10.0.10", "-o", "json"}
	imports := func(word string) {
		t.Helper()
		var r control.Reach
		text := culvert(t, site...).want(t, 6).out
		if err := json.Unmarshal([]byte(text), &r); err != nil || r.Out.Hops[0].Set != word ||
			r.Out.Hops[0].Switch != "site-imports" || r.Out.Hops[0].Drop != (word == "off") {
			t.Errorf("%s: %v, %+v", word, err, r.Out)
		}
	}
	imports("on")
	culvert(t, "sim", "switch", "site-imports", "off").want(t, 0)
	t.Cleanup(func() { cleanUp(t, "sim", "switch", "site-imports", "on") })
	imports("off")
	e := culvert(t, "sim", "switches").want(t, 0)
	if !strings.Contains(e.out, "NOW") || !strings.Contains(e.out, "a site's import policy is not visible from here") {
		t.Errorf("switches:\n%s", e.out)
	}
}

// What was mistyped is refused, here or by the world.
func TestQuestionsAboutPacketsAreRefused(t *testing.T) {
	culvert(t, "sim", "reach", "--from", "internet:1.1.1.1").want(t, 2)
	culvert(t, "sim", "switch", "site-imports", "perhaps").want(t, 2)
	culvert(t, "sim", "switch", "no-such-switch", "on").want(t, 1)
	e := culvert(t, "sim", "reach", "--from", "1.1.1.1", "--to", "2.2.2.2").want(t, 1)
	if !strings.Contains(e.errs, `invalid place "1.1.1.1": want network:PROJECT/NETWORK/ADDRESS`) {
		t.Errorf("%s", e.errs)
	}
}
