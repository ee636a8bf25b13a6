package broken

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/stage"
	"github.com/culvertnet/culvert/events"
)

// A story is one connection in a world of its own, and what may break of it.
type story struct {
	name string
	// data is the intent's; it never tells of anybody but service fn-0001.
	data string
	// prepare changes the default world before the product sees it.
	prepare func(*world.Tx) error
	// switches are those of the judge that an operator's word has settled.
	switches map[string]bool
	// doubts are the causes that a completed connection has to tell as unverified.
	doubts []string
	// flows are packets of the connection, and what becomes of them while it is whole.
	flows  []flow
	breaks []breach
}

// A flow is a packet with what has to become of it. Words in braces stand for what the connection has made.
type flow struct {
	from, to string
	// host is the name that the client says; empty: to, if that is one.
	host   string
	proto  string
	port   int
	v6     bool
	passes bool
}

// A breach is one change of the world behind the product.
type breach struct {
	// line is the part of a path that it is about, name what happens.
	line, name string
	change     func(*world.Tx) error
	// object is what the next look has to name.
	object string
	// callers tells of a change that decides about callers: no packet shows it.
	callers bool
	// refuses is what has to be in the reason when the world is so from the start; doubt is the cause that has to be
	// told as unverified instead. Without either the change is none that can be there from the start.
	refuses, doubt string
}

// connection is the name of each story's connection.
const connection = "story"

func (s story) speakers() bool { return strings.Contains(s.data, `"speaker"`) }

func (s story) intent() stage.Intent {
	return stage.Intent{Kind: "private-service", Connection: connection, Data: json.RawMessage(s.data)}
}

// A theatre is a stage with a story on it.
type theatre struct {
	*stage.Stage
	story story
	sim   control.Client
	// made has the names of what the connection has made.
	made *strings.Replacer
	// zones are those of its names, one a name.
	zones []string
}

// open starts the product in the world of a story, changed by some more.
func (s story) open(ctx context.Context, more func(*world.Tx) error) (*theatre, error) {
	st, err := stage.Open(ctx, stage.Options{Scenario: scenario(), Speakers: s.speakers()})
	if err != nil {
		return nil, err
	}
	t := &theatre{Stage: st, story: s, sim: control.Client{URL: st.World.URL()}, made: strings.NewReplacer()}
	for _, change := range []func(*world.Tx) error{s.prepare, more} {
		if change != nil && err == nil {
			err = st.World.World.Do(change)
		}
	}
	if err == nil {
		err = st.Play(ctx, nobody{})
	}
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return t, nil
}

// settles is how long the vendors are given to report what was changed in them.
const settles = 5 * time.Second

// breaks makes a change in the world. The answer puts it right again.
func (t *theatre) breaks(ctx context.Context, change func(*world.Tx) error) (mend func() error, err error) {
	type before struct {
		ref world.Ref
		doc world.Doc
		was bool
	}
	var all []before
	w := t.World.World
	err = w.Do(func(tx *world.Tx) error {
		whole := tx.Freeze()
		if err := change(tx); err != nil {
			return err
		}
		for _, r := range tx.ChangedSince(whole) {
			doc, was := whole.Get(r.Vendor, r.Kind, r.Name)
			all = append(all, before{r, doc, was})
		}
		return nil
	})
	if err == nil && len(all) == 0 {
		err = errors.New("nothing was changed")
	}
	mend = func() error {
		err := w.Do(func(tx *world.Tx) error {
			for _, b := range all {
				if b.was {
					tx.QuietPut(b.ref.Vendor, b.ref.Kind, b.ref.Name, b.doc)
					continue
				}
				tx.QuietDelete(b.ref.Vendor, b.ref.Kind, b.ref.Name)
			}
			return nil
		})
		return errors.Join(err, t.Pass(ctx, settles))
	}
	return mend, errors.Join(err, t.Pass(ctx, settles))
}

// fates are what becomes of the story's packets now.
func (t *theatre) fates(ctx context.Context) ([]bool, error) {
	packets := control.Packets{Switches: t.story.switches}
	in := t.made
	for _, f := range t.story.flows {
		packets.Packets = append(packets.Packets, control.Packet{From: in.Replace(f.from), To: in.Replace(f.to),
			Name: in.Replace(f.host), Proto: f.proto, Port: f.port, V6: f.v6})
	}
	all, err := t.sim.ReachAll(ctx, packets)
	var out []bool
	for _, r := range all {
		out = append(out, r.Passes)
	}
	return out, err
}

// notes keeps the names of what the connection has made.
func (t *theatre) notes() error {
	return t.World.World.Do(func(tx *world.Tx) error {
		words := []string{"{host}", "none.example"}
		note := func(kind, begins, word string) {
			for name := range tx.Scan("gcp", kind, begins) {
				if short := name[strings.LastIndexByte(name, '/')+1:]; given.MatchString(short) {
					words = append(words, word, short)
				}
			}
		}
		note("routes", "projects/acme-net/", "{route}")
		note("connectors", "projects/acme-net/", "{connector}")
		for name := range tx.Scan("gcp", "managedZones", "projects/acme-net/") {
			if short := name[strings.LastIndexByte(name, '/')+1:]; given.MatchString(short) {
				t.zones = append(t.zones, short)
			}
		}
		for name, doc := range tx.Scan("gcp", "forwardingRules", "projects/acme-net/") {
			words = append(words, "{rule}", name[strings.LastIndexByte(name, '/')+1:], "{endpoint}",
				fmt.Sprint(doc["IPAddress"]))
		}
		doc, _ := tx.Get("gcp", "services", "projects/"+own)
		urls, _ := doc["urls"].([]any)
		for _, u := range urls {
			host, _, _ := strings.Cut(strings.TrimPrefix(fmt.Sprint(u), "https://"), "/")
			words = append([]string{"{host}", host}, words...)
		}
		t.made = strings.NewReplacer(words...)
		return nil
	})
}

// given are the names that the product gives: what the object is, and a hash.
var given = regexp.MustCompile(`^(zone|route|conn)[a-z0-9]{14,17}$`)

// astray are the packets that go otherwise than in a whole world.
func (s story) astray(fates []bool) (out []string) {
	for i, f := range s.flows {
		if i < len(fates) && fates[i] != f.passes {
			out = append(out, fmt.Sprintf("%s to %s %s %d passes: %v", f.from, f.to, f.proto, f.port, fates[i]))
		}
	}
	return out
}

// alarms are what a look finds to be otherwise than it should.
func (t *theatre) alarms(ctx context.Context) ([]string, error) {
	seen, err := t.Survey(ctx, connection)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, r := range seen.Rows {
		if r.Generation > 0 && r.Seen != events.Present {
			out = append(out, fmt.Sprintf("%s %s is %s: %s", r.Step, r.Object, r.Seen, r.Detail))
		}
	}
	return append(out, seen.Failing...), proof.Need(seen.Ended == events.SurveyDone, "the survey ended: %s", seen.Ended)
}

// whole asks whether the world is whole: no packet goes astray, and no look finds anything.
func (t *theatre) whole(ctx context.Context) error {
	fates, err := t.fates(ctx)
	if err != nil {
		return err
	}
	alarms, err := t.alarms(ctx)
	astray := t.story.astray(fates)
	return errors.Join(err, proof.Need(len(astray) == 0, "astray: %s", strings.Join(astray, ", ")),
		proof.Need(len(alarms) == 0, "alarms: %s", strings.Join(alarms, "; ")))
}

// meets breaks one thing, asks both the world and the product, and puts it right again.
func (t *theatre) meets(ctx context.Context, b breach) (changed int, named string, err error) {
	mend, err := t.breaks(ctx, b.change)
	if err != nil {
		return 0, "", err
	}
	fates, err := t.fates(ctx)
	if err != nil {
		return 0, "", err
	}
	astray := t.story.astray(fates)
	changed = len(astray)
	alarms, err := t.alarms(ctx)
	object := t.made.Replace(b.object)
	i := slices.IndexFunc(alarms, func(a string) bool {
		return strings.Contains(a, object) || b.object == "{zone}" && slices.ContainsFunc(t.zones,
			func(z string) bool { return strings.Contains(a, "zone "+z+" ") })
	})
	if i >= 0 {
		named, _, _ = strings.Cut(alarms[i], " ")
	}
	err = errors.Join(err, proof.Need(changed > 0 || b.callers, "no packet goes otherwise"),
		proof.Need(changed == 0 || !b.callers, "astray: %s", strings.Join(astray, ", ")),
		proof.Need(i >= 0, "%s is not named: %q", object, alarms))
	if after := errors.Join(mend(), t.whole(ctx)); after != nil {
		err = errors.Join(err, fmt.Errorf("put right again: %w", after))
	}
	return changed, strings.TrimSuffix(named, ":"), err
}

// lacks applies the intent in a world that lacks the thing from the start.
func (s story) lacks(ctx context.Context, b breach) (ended string, err error) {
	t, err := s.open(ctx, b.change)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	v, err := t.Run(ctx, s.intent())
	if err != nil {
		return "", err
	}
	if b.doubt != "" {
		told := slices.ContainsFunc(v.Unverified(), func(u events.Unverified) bool { return u.Cause == b.doubt })
		return "unverified_" + b.doubt, errors.Join(
			proof.Need(v.Status == events.SagaCompleted, "ended %s: %s", v.Status, v.Reason),
			proof.Need(told, "%s is not told: %+v", b.doubt, v.Unverified()))
	}
	step, why := "", v.Reason
	for _, st := range v.Steps {
		if st.Error != nil {
			step, why = st.Name, st.Error.Message
		}
	}
	writes := len(t.World.World.Effects())
	return "refused_by_" + step, errors.Join(
		proof.Need(v.Status == events.SagaCompensated, "ended %s: %s", v.Status, why),
		proof.Need(writes == 0, "%d writes before the refusal", writes),
		proof.Need(strings.Contains(why, b.refuses), "%q is not in the reason: %s", b.refuses, why))
}

// nobody watches the commands.
type nobody struct{}

func (nobody) Holds(events.Command) bool                                   { return false }
func (nobody) Before(context.Context, events.Command) error                { return nil }
func (nobody) After(context.Context, events.Command, events.Outcome) error { return nil }
func (nobody) Passed(context.Context, time.Time) error                     { return nil }
