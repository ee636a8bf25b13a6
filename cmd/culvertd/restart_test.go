package main

import (
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/adapters/jetstream"
	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/examples/examplestest"
)

// order gives an operator's order that must be taken.
func (d *daemon) order(path string, body any) {
	d.t.Helper()
	if _, err := d.api().Post(d.t.Context(), path, body); err != nil {
		d.t.Fatalf("%s: %v", path, err)
	}
}

var because = httpapi.Order{Actor: "ann", Reason: "because"}

func stepOf(v events.Status, name string) events.StepView {
	for _, s := range v.Steps {
		if s.Name == name {
			return s
		}
	}
	return events.StepView{}
}

// A drained daemon leaves an open saga, its stream's readers and its hold; the next one on the same data goes on.
func TestAnOpenSagaOutlivesTheDaemon(t *testing.T) {
	w, data := worldAlone(t), t.TempDir()
	first := inProcess(t, "--world", w.World, "--data", data)
	first.order("engine/pause", httpapi.HoldOrder{Order: because, Capability: "policy"})
	id := first.submit(example(t, "private-service.yaml", examplestest.WithoutSpeakers)).Saga
	first.until(id, func(v events.Status) bool { return stepOf(v, "check-network").Status == events.StepDone })
	cut := make(chan error, 1)
	go func() {
		var last error
		for _, err := range first.api().Watch(t.Context(), id) {
			last = err
		}
		cut <- last
	}()
	first.until(id, func(v events.Status) bool { return stepOf(v, "check-egress").Status == events.StepDone })
	if err := first.stop(); err != nil {
		t.Fatalf("drain: %v\n%s", err, first.log)
	}
	if err := <-cut; err == nil {
		t.Error("a reader of an open saga's stream is told that it ended well")
	}
	if _, err := net.Dial("tcp", strings.TrimPrefix(first.HTTP, "http://")); err == nil {
		t.Error("a drained daemon still listens")
	}

	second := inProcess(t, "--world", w.World, "--data", data)
	v, err := second.api().Show(t.Context(), id)
	if err != nil || v.Status != events.SagaRunning || stepOf(v, "filter-egress").Status != events.StepPending {
		t.Fatalf("after the restart: %+v %v", v, err)
	}
	second.order("engine/resume", httpapi.HoldOrder{Order: because, Capability: "policy"})
	second.ends(id, events.SagaCompleted)
	second.submit(withdrawal("python-http-function", "w"))
	second.ends("default_python-http-function.2", events.SagaCompleted)
	second.clean()
}

// A daemon that was killed in the middle of everything is continued by the next; nothing is made twice.
func TestAKilledDaemonIsContinued(t *testing.T) {
	w, data := worldAlone(t), t.TempDir()
	args := []string{"--world", w.World, "--data", data, "--config", withoutSpeakers(t)}
	// The operation does not seem to end, so that the daemon dies in its middle however slow this machine is.
	w.fault(control.Fault{Vendor: "gcp", Call: "operations.get", Mode: world.Throttle, Times: world.Always})
	first := child(t, args...)
	id := first.submit(example(t, "private-service.yaml", func(event, data map[string]any) {
		examplestest.WithoutSpeakers(event, data)
		throughConnector(event, data)
	})).Saga
	first.until(id, func(v events.Status) bool { return stepOf(v, "attach-connector").Operation != "" })
	first.kill()
	if err := w.sim().Reset(t.Context(), control.Reset{Faults: true}); err != nil {
		t.Fatal(err)
	}
	second := child(t, args...)
	second.ends(id, events.SagaCompleted)
	made := map[string]int{}
	for _, e := range second.effects() {
		if e.Effect == "create" {
			made[e.Kind+" "+e.Name]++
		}
	}
	for what, n := range made {
		if n != 1 {
			t.Errorf("%s was made %d times", what, n)
		}
	}
	if len(made) < 8 {
		t.Errorf("made %v", made)
	}
}

// Started held, the engine accepts and requests nothing.
func TestHeld(t *testing.T) {
	d := inProcess(t, "--world", worldAlone(t).World, "--paused")
	id := d.submit(example(t, "private-service-direct.yaml")).Saga
	if v, err := d.api().Show(t.Context(), id); err != nil || v.Status != events.SagaAccepted {
		t.Errorf("held: %+v %v", v, err)
	}
	d.order("engine/resume", httpapi.HoldOrder{Order: because})
	d.ends(id, events.SagaCompleted)
	if len(d.effects()) == 0 {
		t.Error("nothing was done")
	}
}

// The parts in processes of their own share one broker.
func TestRolesShareABroker(t *testing.T) {
	broker, err := jetstream.Embed(jetstream.EmbedOptions{Dir: t.TempDir(), Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := broker.Close(); err != nil {
			t.Errorf("close broker: %v", err)
		}
	})
	w := worldAlone(t)
	shared := []string{"--nats-url", broker.URL(), "--world", w.World}
	if _, err := tryInProcess(t, append(shared, "--role", "worker", "--config", withoutSpeakers(t))...); err == nil ||
		!strings.Contains(err.Error(), "sync") {
		t.Errorf("a broker that does not prove that it syncs is taken: %v", err)
	}
	shared = append(shared, "--allow-unsynced")
	o := inProcess(t, append(shared, "--role", "orchestrator")...)
	inProcess(t, append(shared, "--role", "worker", "--capabilities", "network,routing,observe")...)
	a, b := inProcess(t, append(shared, "--role", "worker", "--capabilities", "egress")...),
		inProcess(t, append(shared, "--role", "worker", "--capabilities", "policy,egress")...)
	if a.HTTP != "" || b.NATS != broker.URL() || o.HTTP == "" {
		t.Errorf("addresses of a worker %+v, of the orchestrator %+v", a.addresses, o.addresses)
	}
	id := o.submit(example(t, "private-service.yaml", examplestest.WithoutSpeakers)).Saga
	o.ends(id, events.SagaCompleted)
	if err := a.stop(); err != nil {
		t.Errorf("drain a worker: %v", err)
	}
	o.submit(withdrawal("python-http-function", "w"))
	o.ends("default_python-http-function.2", events.SagaCompleted)
	o.clean()
}

func TestWhatCannotStartSaysWhy(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	w, config, data := worldAlone(t), withoutSpeakers(t), t.TempDir()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"HTTP address in use": {[]string{"--world", w.World, "--http", taken.Addr().String()}, taken.Addr().String()},
		"no world there":      {[]string{"--world", "http://" + taken.Addr().String() + "/x\x7f"}, "--world"},
		"no scenario": {
			[]string{"--role", "world", "--world-file", filepath.Join(data, "none.yaml")}, "none.yaml",
		},
		"bad flag": {[]string{"--role", "boss"}, "boss"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := tryInProcess(t, append(c.args, "--config", config)...); err == nil ||
				!strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
	inProcess(t, "--world", w.World, "--data", data)
	if _, err := tryInProcess(t, "--world", w.World, "--data", data, "--config", config); err == nil {
		t.Error("two daemons share one folder")
	}
}
