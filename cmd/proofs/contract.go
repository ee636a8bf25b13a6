package main

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
	"github.com/culvertnet/culvert/events"
)

// checkContract: whole plans run through a real daemon whose world stands behind a proxy that holds every request to
// Google's APIs, and every answer of the simulated world, against Google's own discovery documents.
func checkContract(ctx context.Context, s settings) error {
	documents, err := contract.Load()
	if err != nil {
		return err
	}
	l, err := newLab(s)
	if err != nil {
		return err
	}
	t := &table{header: "what ends requests answers"}
	err = contractRun(ctx, l, documents.Recorder(&http.Transport{MaxIdleConnsPerHost: 64}), t)
	return errors.Join(err, t.print(), l.close())
}

func contractRun(ctx context.Context, l *lab, recorder *contract.Recorder, t *table) error {
	speed := fmt.Sprint(fastWorld)
	world, err := l.start(ctx, "world", "--role", "world", "--data", filepath.Join(l.dir, "world"), "--sim-speed", speed)
	if err != nil {
		return err
	}
	l.world = world.at.World
	between, stop, err := serveBetween(l.world, recorder)
	if err != nil {
		return err
	}
	defer stop()
	if l.daemon, err = l.start(ctx, "daemon", "--data", filepath.Join(l.dir, "data"), "--world", between, "--sim-speed", speed); err != nil {
		return err
	}
	before := recorder.Report()
	for _, c := range contractCases() {
		ends, err := c.run(ctx, l)
		now := recorder.Report()
		t.row(err, c.what, strings.Join(ends, " "), now.Requests-before.Requests, now.Answers-before.Answers)
		before = now
	}
	t.row(l.clean(ctx), "the world as it was", "-", "-", "-")
	judge(recorder.Report(), t)
	return nil
}

// judge adds a row for every method that was called, with what was wrong in its requests and answers.
func judge(r contract.Report, t *table) {
	wrong := map[string][]string{}
	for _, v := range r.Violations {
		method, what, _ := strings.Cut(v, " ")
		wrong[method] = append(wrong[method], what)
	}
	for _, method := range slices.Sorted(maps.Keys(r.Methods)) {
		found := wrong[method]
		delete(wrong, method)
		t.row(need(len(found) == 0, "%s", strings.Join(found, "; ")), method, "-", r.Methods[method], "-")
	}
	for _, method := range slices.Sorted(maps.Keys(wrong)) { // a call that is no method, or the other of two on one path
		t.row(errors.New(strings.Join(wrong[method], "; ")), method, "-", "-", "-")
	}
	fmt.Printf("%d requests of %d methods, %d answers, %d violations\n", r.Requests, len(r.Methods), r.Answers, len(r.Violations))
	t.row(need(len(r.Methods) >= 50, "only %d methods were called", len(r.Methods)), "methods called", len(r.Methods), r.Requests, r.Answers)
}

// serveBetween starts a proxy in front of the world: Google's APIs pass the recorder, the world's own doors and the
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

func (c contractCase) run(ctx context.Context, l *lab) ([]string, error) {
	var ends []string
	for _, step := range c.steps {
		if step.fault != nil {
			if err := l.fault(ctx, *step.fault); err != nil {
				return ends, err
			}
		}
		v, err := l.run(ctx, step.event)
		ends = append(ends, string(v.Status))
		if err != nil {
			return ends, err
		}
		if v.Status != step.ends {
			return ends, fmt.Errorf("%s, not %s", describe(v), step.ends)
		}
	}
	hits, err := l.hits(ctx)
	for _, step := range c.steps {
		if step.fault != nil && err == nil {
			err = need(hits > 0, "the fault %+v never fired", step.fault)
		}
	}
	return ends, errors.Join(err, l.clearFaults(ctx))
}

// contractCases are the plans that, together, make every call of the adapter.
func contractCases() []contractCase {
	done, back := events.SagaCompleted, events.SagaCompensated
	gone := func(name string) contractStep { return contractStep{event: withdraw(name), ends: done} }
	base := order{variant: variant{"cloud-router", "gcp-firewall", "connector"}, name: "c-connector", service: "fn-0010", connector: cidr28(0), onWithdraw: "restore"}
	with := func(o order, change func(*order)) order { change(&o); return o }
	more := with(base, func(o *order) { o.allow = []string{"qa1.backend.example", "qa2.backend.example"} })
	larger := with(more, func(o *order) { o.max = 5 })
	moved := with(larger, func(o *order) { o.connector = cidr28(1) })
	function := with(base, func(o *order) {
		o.name, o.service, o.announce, o.connector = "c-function", "python-http-function", "bgp", cidr28(2)
	})
	direct := with(base, func(o *order) { o.name, o.service, o.egress = "c-direct", "fn-0011", "direct" })
	steered := with(base, func(o *order) {
		o.name, o.service, o.filter, o.announce, o.connector = "c-steered", "fn-0012", "aviatrix-fqdn", "aviatrix", cidr28(3)
	})
	attached := with(base, func(o *order) {
		o.name, o.service, o.attachment, o.connector = "c-attached", "fn-0013", "orders-sa", cidr28(4)
	})
	closed := with(attached, func(o *order) { o.name, o.attachment, o.connector = "c-closed", "closed-sa", cidr28(5) })
	cases := []contractCase{
		{"connector: apply, change thrice, withdraw", []contractStep{
			{base.event(), nil, done}, {more.event(), nil, done}, {larger.event(), nil, done}, {moved.event(), nil, done}, gone(base.name),
		}},
		{"function: apply, withdraw", []contractStep{{function.event(), nil, done}, gone(function.name)}},
		{"direct: apply, withdraw", []contractStep{{direct.event(), nil, done}, gone(direct.name)}},
		{"aviatrix filter: apply, withdraw", []contractStep{{steered.event(), nil, done}, gone(steered.name)}},
		{"attachment: apply, withdraw", []contractStep{{attached.event(), nil, done}, gone(attached.name)}},
		{"attachment that rejects", []contractStep{{closed.event(), nil, back}}},
	}
	for i, f := range []struct {
		call, mode string
		ends       events.SagaStatus
	}{
		{"networkFirewallPolicies.addRule", "refuse", back}, {"connectors.create", "fail-after", done}, {"services.patch", "throttle", done},
		{"routers.patch", "lose-reply", done}, {"managedZones.create", "refuse", back}, {"services.setIamPolicy", "refuse", back},
	} {
		o := with(base, func(o *order) {
			o.name, o.service, o.connector = fmt.Sprintf("c-fault-%d", i), fmt.Sprintf("fn-002%d", i), cidr28(8+i)
		})
		steps := []contractStep{{o.event(), &control.Fault{Vendor: "gcp", Call: f.call, Mode: f.mode, Times: 1}, f.ends}}
		if f.ends == done {
			steps = append(steps, gone(o.name))
		}
		cases = append(cases, contractCase{f.call + " " + f.mode, steps})
	}
	return cases
}
