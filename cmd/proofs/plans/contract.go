package plans

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/culvertnet/culvert/adapters/gcp/contract"
	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/events"
)

// checkContract: whole plans run through a real daemon whose world stands behind a proxy that holds every request to
// Google's APIs, and every answer of the simulated world, against Google's own discovery documents.
func checkContract(ctx context.Context, s lab.Settings) error {
	documents, err := contract.Load()
	if err != nil {
		return err
	}
	l, err := lab.New(s)
	if err != nil {
		return err
	}
	t := &proof.Table{Header: "what ends requests answers"}
	err = contractRun(ctx, l, documents.Recorder(&http.Transport{MaxIdleConnsPerHost: 64}), t)
	return errors.Join(err, t.Print(), l.Close())
}

func contractRun(ctx context.Context, l *lab.Lab, recorder *contract.Recorder, t *proof.Table) error {
	speed := fmt.Sprint(lab.FastWorld)
	world, err := l.Start(ctx, "world", "--role", "world", "--data", filepath.Join(l.Dir, "world"), "--sim-speed",
		speed)
	if err != nil {
		return err
	}
	l.World = world.At.World
	between, stop, err := serveBetween(l.World, recorder)
	if err != nil {
		return err
	}
	defer stop()
	if l.Daemon, err = l.Start(ctx, "daemon", "--data", filepath.Join(l.Dir, "data"), "--world", between, "--sim-speed",
		speed); err != nil {
		return err
	}
	before := recorder.Report()
	for _, c := range contractCases() {
		ends, err := c.run(ctx, l)
		now := recorder.Report()
		t.Row(err, c.what, strings.Join(ends, " "), now.Requests-before.Requests, now.Answers-before.Answers)
		before = now
	}
	t.Row(l.Clean(ctx), "the world as it was", "-", "-", "-")
	judge(recorder.Report(), t)
	return nil
}

// judge adds a row for every method that was called, with what was wrong in its requests and answers.
func judge(r contract.Report, t *proof.Table) {
	wrong := map[string][]string{}
	for _, v := range r.Violations {
		method, what, _ := strings.Cut(v, " ")
		wrong[method] = append(wrong[method], what)
	}
	for _, method := range slices.Sorted(maps.Keys(r.Methods)) {
		found := wrong[method]
		delete(wrong, method)
		t.Row(proof.Need(len(found) == 0, "%s", strings.Join(found, "; ")), method, "-", r.Methods[method], "-")
	}
	// a call that is no method, or the other of two on one path
	for _, method := range slices.Sorted(maps.Keys(wrong)) {
		t.Row(errors.New(strings.Join(wrong[method], "; ")), method, "-", "-", "-")
	}
	fmt.Printf("%d requests of %d methods, %d answers, %d violations\n", r.Requests, len(r.Methods), r.Answers,
		len(r.Violations))
	t.Row(proof.Need(len(r.Methods) >= 50, "only %d methods were called", len(r.Methods)), "methods called",
		len(r.Methods), r.Requests, r.Answers)
}

// serveBetween starts a proxy in front of the world: Google's APIs pass the recorder, the world's own endpoints and the
// controllers pass untouched. A connection that the world cuts is cut for the caller too.
func serveBetween(world string, recorder http.RoundTripper) (at string, stop func(), err error) {
	target, err := url.Parse(world)
	if err != nil {
		return "", nil, fmt.Errorf("proxy for %s: %w", world, err)
	}
	through := func(carrier http.RoundTripper) http.Handler {
		return &httputil.ReverseProxy{
			Transport: carrier,
			Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(target)
				r.Out.URL.RawQuery = r.In.URL.RawQuery // "$alt=json;enum-encoding=int" is none to net/url
			},
			ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/", through(recorder))
	plain := through(http.DefaultTransport)
	mux.Handle("/sim/", plain)
	mux.Handle("/controllers/", plain)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("proxy for %s: %w", world, err)
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // it ends with stop
	return "http://" + listener.Addr().String(), func() { _ = server.Close() }, nil
}

// contractCase is one story of a connection: orders, each with the end it must have.
type contractCase struct {
	what  string
	steps []contractStep
}

// contractStep submits an event, after setting a fault.
type contractStep struct {
	event []byte
	fault *control.Fault
	ends  events.SagaStatus
}

func (c contractCase) run(ctx context.Context, l *lab.Lab) ([]string, error) {
	var ends []string
	for _, step := range c.steps {
		if step.fault != nil {
			if err := l.Fault(ctx, *step.fault); err != nil {
				return ends, err
			}
		}
		v, err := l.Run(ctx, step.event)
		ends = append(ends, string(v.Status))
		if err != nil {
			return ends, err
		}
		if v.Status != step.ends {
			return ends, fmt.Errorf("%s, not %s", lab.Describe(v), step.ends)
		}
	}
	hits, err := l.Hits(ctx)
	for _, step := range c.steps {
		if step.fault != nil && err == nil {
			err = proof.Need(hits > 0, "the fault %+v never fired", step.fault)
		}
	}
	return ends, errors.Join(err, l.ClearFaults(ctx))
}

// contractCases are the plans that, together, make every call of the adapter.
func contractCases() []contractCase {
	done, back := events.SagaCompleted, events.SagaCompensated
	gone := func(name string) contractStep { return contractStep{event: lab.Withdraw(name), ends: done} }
	base := lab.Order{Variant: lab.Variant{Announce: "cloud-router", Filter: "gcp-firewall", Egress: "connector"},
		Name: "c-connector", Service: "fn-0010", Connector: lab.Range28(0), OnWithdraw: "restore"}
	with := func(o lab.Order, change func(*lab.Order)) lab.Order { change(&o); return o }
	more := with(base, func(o *lab.Order) { o.Allow = []string{"qa1.backend.example", "qa2.backend.example"} })
	larger := with(more, func(o *lab.Order) { o.Max = 5 })
	moved := with(larger, func(o *lab.Order) { o.Connector = lab.Range28(1) })
	function := with(base, func(o *lab.Order) {
		o.Name, o.Service, o.Announce, o.Connector = "c-function", "python-http-function", "bgp", lab.Range28(2)
	})
	direct := with(base, func(o *lab.Order) { o.Name, o.Service, o.Egress = "c-direct", "fn-0011", "direct" })
	steered := with(base, func(o *lab.Order) {
		o.Name, o.Service, o.Filter, o.Announce, o.Connector = "c-steered", "fn-0012", "aviatrix-fqdn", "aviatrix",
			lab.Range28(3)
	})
	attached := with(base, func(o *lab.Order) {
		o.Name, o.Service, o.Attachment, o.Connector = "c-attached", "fn-0013", "orders-sa", lab.Range28(4)
	})
	closed := with(attached, func(o *lab.Order) {
		o.Name, o.Attachment, o.Connector = "c-closed", "closed-sa",
			lab.Range28(5)
	})
	cases := []contractCase{
		{"connector: apply, change thrice, withdraw", []contractStep{
			{base.Event(), nil, done}, {more.Event(), nil, done}, {larger.Event(), nil, done},
			{moved.Event(), nil, done}, gone(base.Name),
		}},
		{"function: apply, withdraw", []contractStep{{function.Event(), nil, done}, gone(function.Name)}},
		{"direct: apply, withdraw", []contractStep{{direct.Event(), nil, done}, gone(direct.Name)}},
		{"aviatrix filter: apply, withdraw", []contractStep{{steered.Event(), nil, done}, gone(steered.Name)}},
		{"attachment: apply, withdraw", []contractStep{{attached.Event(), nil, done}, gone(attached.Name)}},
		{"attachment that rejects", []contractStep{{closed.Event(), nil, back}}},
	}
	for i, f := range []struct {
		call, mode string
		ends       events.SagaStatus
	}{
		{"networkFirewallPolicies.addRule", "refuse", back}, {"connectors.create", "fail-after", done},
		{"services.patch", "throttle", done},
		{"routers.patch", "lose-reply", done}, {"managedZones.create", "refuse", back},
		{"services.setIamPolicy", "refuse", back},
	} {
		o := with(base, func(o *lab.Order) {
			o.Name, o.Service, o.Connector = fmt.Sprintf("c-fault-%d", i), fmt.Sprintf("fn-002%d", i), lab.Range28(8+i)
		})
		steps := []contractStep{{o.Event(), &control.Fault{Vendor: "gcp", Call: f.call, Mode: f.mode, Times: 1},
			f.ends}}
		if f.ends == done {
			steps = append(steps, gone(o.Name))
		}
		cases = append(cases, contractCase{f.call + " " + f.mode, steps})
	}
	return cases
}
