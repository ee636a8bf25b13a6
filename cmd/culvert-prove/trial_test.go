package main

import (
	"testing"

	"github.com/culvertnet/culvert/cmd/internal/wiring"
)

// A trial runs the operator's speakers in a simulated world: it meets none of his routers, and takes no port of his.
func TestATrialMeetsNoRealRouter(t *testing.T) {
	file := wiring.File{Speakers: map[string]wiring.SpeakerConfig{"site-edge": {
		ASN: 65001, GRPC: "127.0.0.1:50051", Peers: []wiring.PeerConfig{{Address: "192.0.2.9", ASN: 65002}},
	}}}
	p := &prover{file: file, speakers: true}
	s, has := (&trial{p: p}).parts().File.Speakers["site-edge"]
	if !has || s.ASN != 65001 || len(s.Peers) > 0 || s.GRPC != "" {
		t.Errorf("the trial's speaker is %+v (%t)", s, has)
	}
	p.speakers = false
	if got := (&trial{p: p}).parts().File.Speakers; len(got) > 0 {
		t.Errorf("a plan without a speaker has %v", got)
	}
	if len(file.Speakers["site-edge"].Peers) != 1 {
		t.Error("the trial changed the operator's configuration")
	}
}
