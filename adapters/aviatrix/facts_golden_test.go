package aviatrix_test

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers/observe"
)

var update = flag.Bool("update", false, "write the golden files")

// spokeVPC is the network of most spokes of the default scenario.
var spokeVPC = observe.NetworkRealm("acme-net", "spoke-vpc")

// TestFactsOfTheDefaultWorld holds what is read of both controllers against one readable text each.
func TestFactsOfTheDefaultWorld(t *testing.T) {
	for _, name := range []string{old, newer} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			fabric, err := r.client.Gateways().Fabric(t.Context(), name, []reach.Realm{spokeVPC})
			must(t, err)
			path := filepath.Join("testdata", "facts_"+name+".golden")
			got := rendered(fabric)
			if *update {
				must(t, os.WriteFile(path, []byte(got), 0o644))
			}
			want, err := os.ReadFile(path)
			must(t, err)
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("facts of %s (- golden, + read):\n%s", name, diff)
			}
			if left := r.calls(); len(left) > 0 {
				t.Errorf("reading had effects: %v", left)
			}
		})
	}
}

// rendered is a fabric as people read it.
func rendered(f observe.Fabric) string {
	var out strings.Builder
	say := func(depth int, format string, args ...any) {
		fmt.Fprintf(&out, strings.Repeat("  ", depth)+format+"\n", args...)
	}
	c := f.Controller
	say(0, "controller %s: firewall %s, default %s, exception %v, private %v, inside %v, connected %v", c.Name,
		onOff(c.Enabled), c.Default, c.Exception, c.Private, c.IntraVPC, c.Connected)
	say(1, "sets: %s", head(c.Sets))
	for _, set := range c.Sets.Items {
		say(2, "%s", set.Object)
		for _, r := range set.Rules {
			say(3, "%d %s: %s%s from %s to %s, %s%s", r.Priority, r.Object, r.Act, word(r.Watches, ", only watched"),
				grouped(r.Src), grouped(r.Dst), layers(r.Layer4),
				word(len(r.Web) > 0, fmt.Sprintf(", names %v", r.Web)))
		}
	}
	for _, g := range f.Gateways {
		say(0, "gateway %s of %s in %s: %s, %s%s%s, %s", g.Name, g.Controller, g.Realm, g.State,
			map[bool]string{true: "spoke", false: "transit"}[g.Spoke], word(g.Cloud, ", firewall deployed"),
			word(g.SourceNAT, ", source NAT"), "domain "+fmt.Sprintf("%q", g.Domain))
		say(1, "address %s, public %s, region %s, pass-through %s", g.Address, g.Public, g.Who.Region, g.PassThrough)
		say(1, "table: %s", head(g.Table))
		for _, line := range g.Table.Items {
			say(2, "%s: %s", line.Object, hop(line.Next)+word(line.Domain != "", " in domain "+line.Domain))
		}
		say(1, "tags: %s", head(g.Tags))
		for _, tag := range g.Tags.Items {
			say(2, "%s: %s, %s, sources %s", tag.Object, onOff(tag.Enabled),
				map[bool]string{true: "white", false: "black"}[tag.White], tag.Sources)
			for _, r := range tag.Rules {
				say(3, "%s %s, %s", r.Act, r.Name, layers([]reach.Layer4{r.Layer4}))
			}
		}
	}
	for _, n := range f.Networks {
		say(0, "network %s", n.Realm)
		say(1, "subnets: %s", head(n.Subnets))
		for _, sub := range n.Subnets.Items {
			say(2, "%s in %s: %s", sub.Object, sub.Region, sub.Ranges)
		}
		say(1, "routes: %s", head(n.Routes))
		for _, r := range n.Routes.Items {
			say(2, "%s %s: %s", r.Kind, r.Dst, hop(r.Next))
		}
		say(1, "rules: %s", head(n.Firewall.Rules))
		say(1, "interfaces: %s", head(n.Interfaces))
	}
	for _, s := range f.Sites {
		say(0, "site %s: owns %s, domain %q", s.Realm, s.Owns, s.Domain)
		say(1, "table: %s", head(s.Table))
		for _, r := range s.Table.Items {
			say(2, "%s: %s", r.Dst, hop(r.Next))
		}
	}
	return out.String()
}

func head[T any](l reach.Listing[T]) string {
	text := fmt.Sprintf("%s of %s at %s, ", l.Call, l.Scope, l.At.UTC().Format(time.TimeOnly))
	if l.Whole {
		return text + "whole"
	}
	text += "not whole"
	for _, g := range l.Gaps {
		text += fmt.Sprintf("; %s %s: %s", g.Cause, g.Object, g.Why)
	}
	return text
}

func hop(n reach.NextHop) string {
	return strings.TrimSpace(fmt.Sprintf("%s %s%s", n.Kind, n.Name+word(n.Realm != "", " ("+string(n.Realm)+")"),
		word(n.State != reach.Up, " "+string(n.State))))
}

func grouped(g reach.Group) string {
	text := g.Ranges.String()
	if public := publicRanges(); g.Ranges.Equal(public) {
		text = "public"
	}
	if !g.Maybe.Empty() {
		text += " and maybe " + g.Maybe.String()
	}
	for _, gap := range g.Unread {
		text += fmt.Sprintf(" (%s %s: %s)", gap.Cause, gap.Object, gap.Why)
	}
	return text
}

// publicRanges are all addresses of IPv4 but RFC 1918.
func publicRanges() reach.Ranges {
	private := reach.RangesOf(netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
		netip.MustParsePrefix("192.168.0.0/16"))
	return reach.RangesOf(netip.MustParsePrefix("0.0.0.0/0")).Subtract(private)
}

func layers(all []reach.Layer4) string {
	var out []string
	for _, l := range all {
		if l.Protocols.Equal(reach.EveryProtocol().Protocols) {
			out = append(out, "any")
			continue
		}
		text := "protocol " + l.Protocols.String()
		if !l.Ports.Equal(reach.EveryPort()) {
			text += " port " + l.Ports.String()
		}
		out = append(out, text)
	}
	return strings.Join(out, " or ")
}

func onOff(on bool) string { return map[bool]string{true: "on", false: "off"}[on] }

func word(on bool, text string) string {
	if on {
		return text
	}
	return ""
}
