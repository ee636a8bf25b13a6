package blast

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	judge "github.com/culvertnet/culvert/adapters/simcloud/reach"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/cmd/proofs/reach/invented"
)

// A state is the world after one change, and how long its ledger was then.
type state struct {
	tx    *world.Tx
	lines int
}

// A film has every state of a world that differs from the one before in what packets may meet.
type film struct {
	mu     sync.Mutex
	states []state
	// came tells who is to be told of each change, before it is kept.
	came func(*world.Tx)
}

// unseen are the kinds of documents that packets never meet.
var unseen = []string{"operations", "requests"}

// watch keeps a state. The world calls it.
func (f *film) watch(tx *world.Tx) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.came != nil {
		f.came(tx)
	}
	now := state{tx.Freeze(), tx.Lines()}
	if n := len(f.states); n > 0 {
		seen := func(r world.Ref) bool { return !slices.Contains(unseen, r.Kind) }
		if !slices.ContainsFunc(now.tx.ChangedSince(f.states[n-1].tx), seen) {
			f.states[n-1].lines = now.lines
			return
		}
	}
	f.states = append(f.states, now)
}

// cut forgets all states but the newest, from which a story begins.
func (f *film) cut(w *world.World) error {
	f.mu.Lock()
	f.states = nil
	f.mu.Unlock()
	return w.Do(func(tx *world.Tx) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.states = append(f.states, state{tx.Freeze(), tx.Lines()})
		return nil
	})
}

// all are the states so far.
func (f *film) all() []state {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.states)
}

// positions are settings of the judge's switches: as they are by default, all the other way, and some at random.
func positions(seed uint64, random int) []judge.Settings {
	r := rand.New(rand.NewPCG(seed, 32))
	out := []judge.Settings{{}, {}}
	for _, s := range judge.Switches() {
		out[1][s.Name] = !s.Default
	}
	for range random {
		one := judge.Settings{}
		for _, s := range judge.Switches() {
			one[s.Name] = r.IntN(2) == 0
		}
		out = append(out, one)
	}
	return out
}

// A fate is what became of one packet, both ways, and where that was decided.
type fate struct {
	asked, passes bool
	hop           judge.Hop
}

// fates are those of some packets in one state, under each of some settings.
func fates(at *judge.Snapshot, packets []invented.Flow, settings []judge.Settings) []fate {
	var out []fate
	for _, set := range settings {
		under := at.Under(set)
		for _, p := range packets {
			a, err := under.Answer(judge.Question{From: p.From, To: p.To, Proto: p.Proto, Port: p.Port, V6: p.V6})
			f := fate{asked: err == nil, passes: a.Passes, hop: a.Out.Decided()}
			if a.Back != nil {
				f.hop = a.Back.Decided()
			}
			out = append(out, f)
		}
	}
	return out
}

// A harm is a packet of others whose fate has changed.
type harm struct {
	packet invented.Flow
	// line is that of the ledger, call what it tells, with the object's kind.
	line          int
	call          string
	before, after fate
	setting       int
}

func (h harm) lost() bool { return h.before.passes }

func (h harm) String() string {
	what := "passes now"
	if h.lost() {
		what = "is lost"
	}
	return fmt.Sprintf("%+v %s at line %d, %s, under setting %d: %s %s %s %s", h.packet, what, h.line, h.call,
		h.setting, h.after.hop.At, h.after.hop.Rule, h.after.hop.By, h.after.hop.Switch)
}

// cause is what harms of one kind have in common.
func (h harm) cause() string {
	if h.lost() {
		return h.call + ": lost by " + h.after.hop.Rule
	}
	return h.call + ": passes, was dropped by " + h.before.hop.Rule
}

// harms holds each state against the fates before. Each packet is told once.
func harms(states []state, packets []invented.Flow, settings []judge.Settings, before []fate) (out []harm) {
	told := map[string]bool{}
	for _, s := range states {
		for i, now := range fates(judge.Read(s.tx), packets, settings) {
			p, then := packets[i%len(packets)], before[i]
			if !now.asked || !then.asked || now.passes == then.passes {
				continue
			}
			key := fmt.Sprintf("%+v %v", p, then.passes)
			if told[key] {
				continue
			}
			told[key] = true
			out = append(out, harm{packet: p, line: s.lines, before: then, after: now, setting: i / len(packets)})
		}
	}
	return out
}

// expand puts addresses and names of the world for what stands in braces: a subnetwork's IPv6 range, and the host names
// of a service, each of which makes a packet.
func expand(tx *world.Tx, packets []invented.Flow) (out []invented.Flow) {
	six, hosts := map[string]string{}, map[string][]string{}
	for name, doc := range tx.Scan("gcp", "subnetworks", "") {
		if text, _ := doc["ipv6CidrRange"].(string); text != "" {
			six["{"+base(name)+"}::"], _, _ = strings.Cut(text, "/")
		}
	}
	for name, doc := range tx.Scan("gcp", "services", "") {
		urls, _ := doc["urls"].([]any)
		for _, u := range urls {
			host, _, _ := strings.Cut(strings.TrimPrefix(fmt.Sprint(u), "https://"), "/")
			hosts["{"+base(name)+"}"] = append(hosts["{"+base(name)+"}"], host)
		}
	}
	for _, p := range packets {
		for from, to := range six {
			p.From, p.To = strings.ReplaceAll(p.From, from, to), strings.ReplaceAll(p.To, from, to)
		}
		if names, ok := hosts[p.To]; ok {
			for _, p.To = range names {
				out = append(out, p)
			}
			continue
		}
		out = append(out, p)
	}
	return out
}

func base(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }
