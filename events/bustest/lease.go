package bustest

import (
	"context"
	"sync"
	"testing"

	"github.com/culvertnet/culvert/events"
)

var leaseCases = map[string]func(*testing.T, Harness){
	"HandlerDeathDeliversAgain":     handlerDeathDeliversAgain,
	"KeptForALongHandler":           keptForALongHandler,
	"DeadHandlersVerdictIsNotHeard": deadVerdictIsNotHeard,
	"LastDeathEndsInDeadLetters":    lastDeathEndsInDeadLetters,
}

// grab lets a process take one message, and gives its body and the func that lets its handler go on and ends its
// consumer.
func grab(t *testing.T, p Process, s events.Subscription, verdict events.Verdict) (body string, release func()) {
	t.Helper()
	taken, free := make(chan string, 16), make(chan struct{})
	stop := consume(t, p, s, func(_ context.Context, d events.Delivery) events.Verdict {
		taken <- string(d.Body)
		<-free
		return verdict
	})
	release = sync.OnceFunc(func() {
		close(free)
		stop()
	})
	t.Cleanup(release)
	return receive(t, taken, "the message to be held"), release
}

// outlive measures time in leases, not in seconds: a process takes a message and dies, and that message comes again
// only when its lease has run out. Whatever was leased before, and is neither settled nor held by a living handler,
// comes again too; its bodies are the answer.
func outlive(t *testing.T, h Harness) (cameAgain []string) {
	t.Helper()
	const orphan = "orphan of a lease"
	victim, alive := h.Join(t), h.Join(t)
	publish(t, alive, command(orphan))
	body, letGo := grab(t, victim, network, events.Ack)
	victim.Kill()
	if body != orphan {
		cameAgain = append(cameAgain, body)
	}
	handle, got := collector(events.Ack)
	stop := consume(t, alive, network, handle)
	for {
		if d := receive(t, got, "the orphan"); string(d.Body) != orphan {
			cameAgain = append(cameAgain, string(d.Body))
			continue
		}
		stop()
		letGo()
		return cameAgain
	}
}

// nothingLeft proves that a subscription holds nothing any more: not ready, not resting, not leased.
func nothingLeft(t *testing.T, h Harness) {
	t.Helper()
	for range 2 {
		if again := outlive(t, h); len(again) != 0 {
			t.Errorf("delivered again, though dealt with: %q", again)
		}
	}
}

func handlerDeathDeliversAgain(t *testing.T, h Harness) {
	dead, alive := h.Join(t), h.Join(t)
	publish(t, alive, command("orphan"))
	_, release := grab(t, dead, network, events.Ack)
	dead.Kill()
	handle, got := collector(events.Ack)
	consume(t, alive, network, handle)
	if d := receive(t, got, "the orphan"); string(d.Body) != "orphan" || d.Attempt < 2 {
		t.Errorf("got %q at attempt %d", d.Body, d.Attempt)
	}
	release()
}

func keptForALongHandler(t *testing.T, h Harness) {
	holder, alive := h.Join(t), h.Join(t)
	publish(t, alive, command("held"))
	_, release := grab(t, holder, network, events.Ack)
	for range 3 {
		if again := outlive(t, h); len(again) != 0 {
			t.Fatalf("delivered again while its handler ran: %q", again)
		}
	}
	release()
	nothingLeft(t, h)
}

func deadVerdictIsNotHeard(t *testing.T, h Harness) {
	dead, alive := h.Join(t), h.Join(t)
	publish(t, alive, command("orphan"))
	_, release := grab(t, dead, network, events.Reject("said by the dead"))
	dead.Kill()
	release()
	handle, got := collector(events.Ack)
	consume(t, alive, network, handle)
	receive(t, got, "the orphan")
	if all, err := alive.DeadLetters.List(patient(t), "", 10); err != nil || len(all) != 0 {
		t.Errorf("a dead process wrote %v (%v)", all, err)
	}
}

func lastDeathEndsInDeadLetters(t *testing.T, h Harness) {
	dead, alive := h.Join(t), h.Join(t)
	s := network
	s.MaxDeliver = 1
	publish(t, alive, command("killer"))
	grab(t, dead, s, events.Ack)
	dead.Kill()
	handle, got := collector(events.Ack)
	consume(t, alive, s, handle)
	if letter := letters(t, alive, 1)[0]; letter.Reason != "delivered 1 times" || string(letter.Body) != "killer" {
		t.Errorf("letter: reason %q, body %q", letter.Reason, letter.Body)
	}
	if n := len(got); n != 0 {
		t.Errorf("handled %d times more than allowed", n)
	}
}
