package httpapi_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// speaks lets a speaker give signs of life until stop.
func (r *rig) speaks(peers ...workers.Neighbour) (stop func()) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(r.t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		workers.SpeakerReports{Claims: r.claims, Speaker: "site-edge", Process: "p1", Now: time.Now,
			Read: func() ([]workers.Neighbour, int) { return peers, 3 },
		}.Run(ctx, func(err error) { r.t.Error(err) })
	})
	stop = func() {
		cancel()
		running.Wait()
	}
	r.t.Cleanup(stop)
	for end := time.Now().Add(patience); ; {
		beats, err := workers.SpeakerRoster(r.t.Context(), r.claims, time.Now())
		if err != nil || time.Now().After(end) {
			r.t.Fatalf("the speaker is not heard: %v, %v", beats, err)
		}
		if len(beats) > 0 {
			return stop
		}
	}
}

func (r *rig) finding(code events.CauseCode) []httpapi.Symptom {
	r.t.Helper()
	d, err := r.client.Diagnose(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return slices.DeleteFunc(d.Findings, func(s httpapi.Symptom) bool { return s.Code != code })
}

// A peer that is down is in the doctor's findings, in the signals and in the metrics, with its last notification and
// since when; one that is up, or has only just begun, is no finding. A speaker that says nothing is one.
func TestAPeerThatIsDownIsTold(t *testing.T) {
	r := start(t)
	const why = "the peer sent notification 6/1 (cease(maximum number of prefixes reached))"
	since := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	stop := r.speaks(
		workers.Neighbour{Address: "192.0.2.8", ASN: 65008, Up: true, Since: since, Routes: 4, MaxPrefixes: 3},
		workers.Neighbour{Address: "192.0.2.9", ASN: 65009, Since: since, Reason: why, Code: 6, Subcode: 1},
		workers.Neighbour{Address: "192.0.2.10", ASN: 65010, Since: time.Now(), Reason: "no session"},
		workers.Neighbour{Address: "192.0.2.11", ASN: 65011, Up: true, Since: time.Now(), Reason: "again", Ends: 3},
		workers.Neighbour{Address: "192.0.2.12", ASN: 65012, Up: true, Since: time.Now(), Reason: "once", Ends: 2},
	)
	found := r.finding(events.CausePeer)
	if len(found) != 3 || !found[0].NeedsHands {
		t.Fatalf("findings: %+v, want the peers without a session, without room, and with one after the other", found)
	}
	texts := found[0].Text + "\n" + found[1].Text + "\n" + found[2].Text
	for _, want := range []string{
		"peer 192.0.2.9 (AS 65009) of speaker site-edge has no session since " + since.Format(time.RFC3339) +
			": " + why,
		"peer 192.0.2.8 (AS 65008) of speaker site-edge takes 3 prefixes and has them all",
		"peer 192.0.2.11 (AS 65011) of speaker site-edge has lost its session 3 times in ten minutes: again",
	} {
		if !strings.Contains(texts, want) {
			t.Errorf("findings say %q, want %q", texts, want)
		}
	}
	v, err := r.client.Signals(t.Context())
	if err != nil || len(v.Speakers) != 1 || v.Speakers[0].Silent || len(v.Speakers[0].Peers) != 5 ||
		v.Speakers[0].Peers[1].Reason != why || !v.Speakers[0].Peers[1].Since.Equal(since) {
		t.Errorf("signals: %+v, %v", v.Speakers, err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(r.ask("GET", "/metrics", "").body)))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for name, family := range families {
		for _, m := range family.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			got[name+" "+strings.Join(labels, " ")] = m.GetGauge().GetValue()
		}
	}
	for name, want := range map[string]float64{
		"culvert_speaker_up speaker=site-edge":                                             1,
		"culvert_speaker_announced speaker=site-edge":                                      3,
		"culvert_peer_up peer=192.0.2.8 speaker=site-edge":                                 1,
		"culvert_peer_up peer=192.0.2.9 speaker=site-edge":                                 0,
		"culvert_peer_since_seconds peer=192.0.2.9 speaker=site-edge":                      float64(since.Unix()),
		"culvert_peer_routes peer=192.0.2.8 speaker=site-edge":                             4,
		"culvert_peer_max_prefixes peer=192.0.2.8 speaker=site-edge":                       3,
		"culvert_peer_last_notification code=6 peer=192.0.2.9 speaker=site-edge subcode=1": 1,
	} {
		if value, has := got[name]; !has || value != want {
			t.Errorf("metric %s: got %v (%t), want %v", name, value, has, want)
		}
	}
	stop()
	if silent := r.finding(events.CauseSpeaker); len(silent) != 1 || len(r.finding(events.CausePeer)) > 0 {
		t.Errorf("a speaker that has stopped: %+v, and of its peers %+v", silent, r.finding(events.CausePeer))
	}
}

// A sign of life that cannot be read is told as such, not as a speaker without peers.
func TestASpeakerThatCannotBeReadIsTold(t *testing.T) {
	r := start(t)
	resource := workers.FamilySpeakers.Resource("site-edge")
	record, err := r.claims.Load(t.Context(), resource)
	if err != nil {
		t.Fatal(err)
	}
	record.Note = map[string]string{"p1": `{"speaker": 7}`}
	if err := r.claims.Store(t.Context(), resource, record); err != nil {
		t.Fatal(err)
	}
	found := r.finding(events.CauseSpeaker)
	if len(found) != 1 || !strings.Contains(found[0].Text, "what speaker site-edge says cannot be read: json:") {
		t.Errorf("findings: %+v", found)
	}
	v, err := r.client.Signals(t.Context())
	if err != nil || len(v.Speakers) != 1 || v.Speakers[0].Unread == "" || v.Speakers[0].Speaker != "site-edge" {
		t.Errorf("signals: %+v, %v", v.Speakers, err)
	}
}
