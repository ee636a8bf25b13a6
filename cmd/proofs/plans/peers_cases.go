package plans

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/events"
)

// peerCases are the rows, for each router.
var peerCases = []peerCase{
	{"plain", routerSide{}, "", comesUp},
	{"password", routerSide{password: "opens"}, "passwordFile: DIR/password", comesUp},
	{"another password", routerSide{password: "shuts"}, "passwordFile: DIR/password", staysDown("i/o timeout")},
	{"no password", routerSide{password: "opens"}, "", staysDown("i/o timeout")},
	{"TTL security", routerSide{farOff: true}, "ttlSecurity: true, hops: 2", comesUp},
	{"TTL too low for it", routerSide{farOff: true}, "hops: 2", staysDown("has not answered the OPEN")},
	{"hold time", routerSide{minHold: 6}, "holdTime: 9s, keepalive: 1s", comesUp},
	{"hold time too short", routerSide{minHold: 60}, "holdTime: 9s", staysDown("notification")},
	{"wrong ASN of the router", routerSide{}, "asn: 65099", staysDown("notification 2/2")},
	{"wrong ASN of the speaker", routerSide{speakerASN: 65098}, "", staysDown("notification")},
	{"communities, MED, prepend", routerSide{}, `communities: ["65001:100"], med: 50, prepend: 2`, hasAttributes},
	{"limit, refused before", routerSide{limit: 1}, "maxPrefixes: 1", refusedBefore},
	{"limit, reached", routerSide{limit: 1}, "", limitReached},
	{"a policy that drops", routerSide{deaf: true}, "", sentOnly},
	{"a restart", routerSide{}, "gracefulRestart: 60s", restarts},
	{"a default route of a peer", routerSide{says: true}, "", noTransit},
	{"a second peer, down", routerSide{}, "", staysDown("connection refused", "false")},
	{"a second peer, down and optional", routerSide{}, "", withoutOptional},
}

// comesUp: the connection completes with the route in the neighbour's table, and leaves none after its withdrawal.
func comesUp(ctx context.Context, r *peerRun) (string, error) {
	if err := r.start(ctx); err != nil {
		return "", err
	}
	a, err := r.applied(ctx, "one", "fn-0001")
	if err != nil {
		return a.Prefix, err
	}
	if !slices.Contains(a.Sight.Sent, peerAddress) || len(a.Sight.Acknowledged) > 0 {
		return a.Prefix, fmt.Errorf("sent %v, acknowledged %v", a.Sight.Sent, a.Sight.Acknowledged)
	}
	v, err := r.Run(ctx, lab.Withdraw("one"))
	return "up, " + a.Prefix + " came and went", errors.Join(err,
		proof.Need(v.Status == events.SagaCompleted, "withdrawal: %s", lab.Describe(v)), r.learns(ctx, r.router))
}

// staysDown: doctor says why, and until then the connection does not complete and the neighbour has no route. With a
// second word a peer that is not there is configured beside a good one.
func staysDown(why string, beside ...string) func(context.Context, *peerRun) (string, error) {
	return func(ctx context.Context, r *peerRun) (string, error) {
		if len(beside) > 0 {
			if err := r.addAbsent(beside[0]); err != nil {
				return "", err
			}
		}
		if err := r.start(ctx); err != nil {
			return "", err
		}
		id, err := r.submit(ctx, "one", "fn-0001")
		if err != nil {
			return "", err
		}
		if err := r.told(ctx, why); err != nil {
			return "", err
		}
		v, err := r.API().Show(ctx, id)
		if err := errors.Join(err, proof.Need(!v.Status.Ended(), "%s", lab.Describe(v))); err != nil {
			return "", err
		}
		if err := r.waits(ctx, id, why); err != nil {
			return "", err
		}
		routes, err := r.router.routes(ctx)
		if len(beside) > 0 {
			return "waits for the one that is down: " + why, err
		}
		return "down: " + why, errors.Join(err, proof.Need(len(routes) == 0, "the neighbour has %v", routes))
	}
}

// waits: the step that announces says what it waits for.
func (r *peerRun) waits(ctx context.Context, id, why string) error {
	return within(ctx, 60*time.Second, "the reason of the wait", func() error {
		v, err := r.API().Show(ctx, id)
		told := slices.ContainsFunc(v.Why, func(c events.Cause) bool { return strings.Contains(c.Text, why) })
		return errors.Join(err, proof.Need(told, "%v", v.Why))
	})
}

// addAbsent configures a second peer at a port where nobody is.
func (r *peerRun) addAbsent(optional string) error {
	port, err := lab.FreePort()
	r.peers = append(r.peers, peerField(otherAddress, port, "optional: "+optional))
	return err
}

func withoutOptional(ctx context.Context, r *peerRun) (string, error) {
	if err := errors.Join(r.addAbsent("true"), r.start(ctx)); err != nil {
		return "", err
	}
	a, err := r.applied(ctx, "one", "fn-0001")
	down := slices.ContainsFunc(a.Sight.Down, func(p events.PeerDown) bool { return p.Peer == otherAddress })
	return "completes, and names the one that is down", errors.Join(err, proof.Need(down, "down: %v", a.Sight.Down),
		r.told(ctx, otherAddress))
}

func hasAttributes(ctx context.Context, r *peerRun) (string, error) {
	if err := r.start(ctx); err != nil {
		return "", err
	}
	a, err := r.applied(ctx, "one", "fn-0001")
	if err != nil {
		return "", err
	}
	text := r.router.about(ctx, a.Prefix)
	for _, either := range [][]string{
		{"BGP.as_path: 65001 65001 65001", `"string":"65001 65001 65001"`}, {"BGP.med: 50", `"metric":50`},
		{"(65001,100)", `"string":"65001:100"`}, {"BGP.next_hop: 10.9.0.1", `"ip":"10.9.0.1"`},
	} {
		if !slices.ContainsFunc(either, func(want string) bool { return strings.Contains(text, want) }) {
			return "", fmt.Errorf("none of %q in %s", either, text)
		}
	}
	return "all in the neighbour's table", nil
}

func refusedBefore(ctx context.Context, r *peerRun) (string, error) {
	if err := r.start(ctx); err != nil {
		return "", err
	}
	a, err := r.applied(ctx, "one", "fn-0001")
	if err != nil {
		return "", err
	}
	id, err := r.submit(ctx, "two", "fn-0002")
	if err != nil {
		return "", err
	}
	v, err := r.Wait(ctx, id)
	full := slices.ContainsFunc(v.Steps, func(s events.StepView) bool {
		return s.Name == "check-routing" && s.Error != nil && s.Error.Class == events.Refuse
	})
	return "the second is refused by check-routing, the first stays", errors.Join(err,
		proof.Need(full && v.Status != events.SagaCompleted, "%s", lab.Describe(v)), r.learns(ctx, r.router, a.Prefix))
}

// limitReached: without the option nothing is refused, and the router ends the session: BIRD at the first prefix over
// its limit, FRR at the second.
func limitReached(ctx context.Context, r *peerRun) (string, error) {
	if err := r.start(ctx); err != nil {
		return "", err
	}
	if _, err := r.applied(ctx, "one", "fn-0001"); err != nil {
		return "", err
	}
	if _, err := r.submit(ctx, "two", "fn-0002"); err != nil {
		return "", err
	}
	err := within(ctx, 20*time.Second, "the second prefix is announced", func() error {
		v, err := r.API().Signals(ctx)
		return errors.Join(err, proof.Need(len(v.Speakers) == 1 && v.Speakers[0].Announced == 2, "%+v", v.Speakers))
	})
	id, bad := r.submit(ctx, "three", "fn-0003")
	if err := errors.Join(err, bad); err != nil {
		return "", err
	}
	err = r.told(ctx, "notification 6/1")
	v, bad := r.API().Show(ctx, id)
	return "down: notification 6/1", errors.Join(err, bad,
		proof.Need(v.Status != events.SagaCompleted, "%s", lab.Describe(v)))
}

// sentOnly: no sender can see that a router drops what it is told, so nothing says that it was acknowledged.
func sentOnly(ctx context.Context, r *peerRun) (string, error) {
	if err := r.start(ctx); err != nil {
		return "", err
	}
	id, err := r.submit(ctx, "one", "fn-0001")
	if err != nil {
		return "", err
	}
	v, err := r.Wait(ctx, id)
	a, bad := announced(v)
	routes, none := r.router.routes(ctx)
	return "sent, and not acknowledged", errors.Join(err, bad, none,
		proof.Need(len(routes) == 0, "the neighbour has %v", routes),
		proof.Need(slices.Contains(a.Sight.Sent, peerAddress) && len(a.Sight.Acknowledged) == 0,
			"sent %v, acknowledged %v", a.Sight.Sent, a.Sight.Acknowledged))
}

// restarts: the daemon is killed and another one takes over, and no look at the neighbour's table misses the route.
func restarts(ctx context.Context, r *peerRun) (string, error) {
	if err := r.start(ctx); err != nil {
		return "", err
	}
	a, err := r.applied(ctx, "one", "fn-0001")
	if err != nil {
		return "", err
	}
	looks, lost, stop := r.watch(ctx, a.Prefix)
	r.Daemon.Kill()
	err = r.start(ctx)
	if err == nil {
		err = within(ctx, 60*time.Second, "a second connection completes after the restart", func() error {
			_, err := r.applied(ctx, fmt.Sprintf("after-%d", time.Now().UnixNano()), "fn-0002")
			return err
		})
	}
	stop()
	return fmt.Sprintf("%d looks, none without %s", *looks, a.Prefix), errors.Join(err,
		proof.Need(*lost == 0 && *looks > 10, "%d of %d looks miss %s", *lost, *looks, a.Prefix))
}

// watch looks at the neighbour's table until stop.
func (r *peerRun) watch(ctx context.Context, prefix string) (looks, lost *int, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	looks, lost = new(int), new(int)
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			routes, err := r.router.routes(ctx)
			if err != nil {
				continue // the look was cut off
			}
			*looks++
			if !slices.Contains(routes, prefix) {
				*lost++
			}
		}
	}()
	return looks, lost, func() {
		cancel()
		<-ended
	}
}

// noTransit: what one neighbour says, a default route included, the other never learns.
func noTransit(ctx context.Context, r *peerRun) (string, error) {
	other, err := routers[r.other](ctx, r.Lab, routerSide{address: otherAddress, from: "127.0.0.1", id: "192.0.2.10",
		asn: peerASN + 1, speakerASN: speakerASN})
	if err != nil {
		return "", err
	}
	defer other.stop()
	r.peers = append(r.peers, peerField(otherAddress, other.port, fmt.Sprintf("asn: %d", peerASN+1)))
	if err := r.start(ctx); err != nil {
		return "", err
	}
	a, err := r.applied(ctx, "one", "fn-0001")
	if err != nil {
		return "", err
	}
	b, err := r.applied(ctx, "two", "fn-0002") // comes after whatever leaks: one session keeps its order
	if err != nil {
		return "", err
	}
	want := []string{a.Prefix, b.Prefix}
	slices.Sort(want)
	return "never at " + r.other, errors.Join(r.learns(ctx, other, want...),
		r.learns(ctx, r.router, append([]string{"0.0.0.0/0"}, append(want, "203.0.113.0/24")...)...))
}
