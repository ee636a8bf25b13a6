package plans

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/cmd/internal/wiring"
	"github.com/culvertnet/culvert/events"
)

// peers: a real BIRD and a real FRR as the speaker's neighbour. Each option with a session that comes up and one that
// does not; the neighbour's own table says what was told, and doctor why there is no session.
func peers(ctx context.Context, s lab.Settings) error {
	t := &proof.Table{Header: "router case outcome"}
	for _, name := range slices.Sorted(maps.Keys(routers)) {
		for _, c := range peerCases {
			if !strings.Contains(name+" "+c.name, s.Only) {
				continue
			}
			outcome, err := c.play(ctx, s, name)
			t.Row(err, name, c.name, outcome)
		}
	}
	return t.Print()
}

// peerCase is one neighbour, how the speaker is told of it, and what has to come of it.
type peerCase struct {
	name string
	side routerSide
	// peer are more fields of the peer in the configuration.
	peer  string
	check func(ctx context.Context, r *peerRun) (string, error)
}

// peerRun is a daemon whose speaker has a real router for a neighbour, beside the simulated site.
type peerRun struct {
	*lab.Lab
	router *router
	// other is the implementation that is not the case's, and peers are the configuration of the peers.
	other string
	peers []string
	file  string
}

// The addresses of the neighbours: on loopback, away from the simulated site's.
const (
	peerAddress  = "127.0.0.4"
	otherAddress = "127.0.0.5"
	peerASN      = 65009
	speakerASN   = 65001
)

func (c peerCase) play(ctx context.Context, s lab.Settings, name string) (outcome string, err error) {
	l, err := lab.New(s)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	r := &peerRun{Lab: l, file: filepath.Join(l.Dir, "culvertd.yaml")}
	for other := range routers {
		if other != name {
			r.other = other
		}
	}
	side := c.side
	side.address, side.from, side.id, side.asn = peerAddress, "127.0.0.1", "192.0.2.9", peerASN
	if side.speakerASN == 0 {
		side.speakerASN = speakerASN
	}
	if r.router, err = routers[name](ctx, l, side); err != nil {
		return "", err
	}
	defer r.router.stop()
	more := strings.ReplaceAll(c.peer, "DIR", l.Dir)
	if err := os.WriteFile(filepath.Join(l.Dir, "password"), []byte("opens\n"), 0o600); err != nil {
		return "", err
	}
	r.peers = []string{peerField(peerAddress, r.router.port, more)}
	return c.check(ctx, r)
}

// peerField is a peer in the configuration. What more says replaces what is there: YAML takes a field once.
func peerField(address string, port int, more string) string {
	fields := fmt.Sprintf("address: %s, port: %d, localAddress: 127.0.0.1", address, port)
	if !strings.Contains(more, "asn:") {
		fields += fmt.Sprintf(", asn: %d", peerASN)
	}
	if !strings.Contains(more, "holdTime:") {
		fields += ", holdTime: 9s"
	}
	if more != "" {
		fields += ", " + more
	}
	return "{" + fields + "}"
}

// start runs the daemon, or the next one over the same data.
func (r *peerRun) start(ctx context.Context) error {
	config := string(wiring.Simulated())
	const bare = "routerId: 192.0.2.1}"
	text := strings.Replace(config, bare, "routerId: 192.0.2.1, peers: ["+strings.Join(r.peers, ", ")+"]}", 1)
	err := errors.Join(proof.Need(text != config, "the configuration has no speaker"),
		os.WriteFile(r.file, []byte(text), 0o600))
	if err != nil {
		return err
	}
	r.Daemon, err = r.Start(ctx, "daemon", "--data", filepath.Join(r.Dir, "data"), "--sim-speed", "600", "--config",
		r.file)
	if err == nil {
		r.World = r.Daemon.At.World
	}
	return err
}

// ask is an intent with an endpoint of its own, and so with a prefix of its own.
func ask(name, service string) ([]byte, error) {
	o := lab.Order{Variant: lab.Variant{Announce: "bgp"}, Name: name, Service: service, NoEgress: true, NoNames: true}
	var event map[string]any
	if err := json.Unmarshal(o.Event(), &event); err != nil {
		return nil, err
	}
	data, _ := event["data"].(map[string]any)
	ingress, has := data["ingress"].(map[string]any)
	if !has {
		return nil, errors.New("the order has no way in")
	}
	ingress["endpoint"] = "own"
	return json.Marshal(event)
}

// submit asks for a connection, and gives the saga.
func (r *peerRun) submit(ctx context.Context, name, service string) (string, error) {
	event, err := ask(name, service)
	if err != nil {
		return "", err
	}
	return r.Submit(ctx, event)
}

// applied asks for a connection, waits for its end, and looks at once whether the neighbour has it.
func (r *peerRun) applied(ctx context.Context, name, service string) (announcement, error) {
	id, err := r.submit(ctx, name, service)
	if err != nil {
		return announcement{}, err
	}
	v, err := r.Wait(ctx, id)
	if err != nil {
		return announcement{}, err
	}
	routes, bad := r.router.routes(ctx)
	a, unread := announced(v)
	if err := errors.Join(bad, unread,
		proof.Need(v.Status == events.SagaCompleted, "%s", lab.Describe(v))); err != nil {
		return a, err
	}
	return a, proof.Need(slices.Contains(routes, a.Prefix), "completed, and the neighbour has %v, not %s", routes,
		a.Prefix)
}

// announcement is the output of the step that announces.
type announcement struct {
	Prefix string `json:"prefix"`
	Sight  struct {
		Sent         []string          `json:"sent"`
		Acknowledged []string          `json:"acknowledged"`
		Down         []events.PeerDown `json:"down"`
	} `json:"sight"`
}

func announced(v events.Status) (a announcement, err error) {
	for _, s := range v.Steps {
		if strings.HasPrefix(s.Name, "announce") && len(s.Output) > 0 {
			return a, json.Unmarshal(s.Output, &a)
		}
	}
	return a, nil
}

// findings are what doctor says of peers.
func (r *peerRun) findings(ctx context.Context) (string, error) {
	d, err := r.API().Diagnose(ctx)
	var texts []string
	for _, f := range d.Findings {
		if f.Code == events.CausePeer {
			texts = append(texts, f.Text)
		}
	}
	return strings.Join(texts, "; "), err
}

// told waits until doctor says why there is no session.
func (r *peerRun) told(ctx context.Context, want string) error {
	return within(ctx, 90*time.Second, "doctor names "+want, func() error {
		text, err := r.findings(ctx)
		return errors.Join(err, proof.Need(strings.Contains(text, want), "it says %q", text))
	})
}

// learns waits until the neighbour's table is as it should be; only for what follows the end of a saga.
func (r *peerRun) learns(ctx context.Context, router *router, want ...string) error {
	return within(ctx, 20*time.Second, "the neighbour's table", func() error {
		routes, err := router.routes(ctx)
		return errors.Join(err, proof.Need(slices.Equal(routes, want), "it has %v, not %v", routes, want))
	})
}
