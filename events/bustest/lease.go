package bustest

import (
	"context"
	"fmt"
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

// grab lets a process take one message, and gives the func that lets its handler go on and ends its consumer.
func grab(t *testing.T, p Process, s events.Subscription, verdict events.Verdict) (release func()) {
	t.Helper()
	taken, free := make(chan struct{}, 16), make(chan struct{})
	stop := consume(t, p, s, func(context.Context, events.Delivery) events.Verdict {
		taken <- struct{}{}
		<-free
		return verdict
	})
	release = sync.OnceFunc(func() {
		close(free)
		stop()
	})
	t.Cleanup(release)
	receive(t, taken, "the message to be held")
	return release
}

func handlerDeathDeliversAgain(t *testing.T, h Harness) {
	dead, alive := h.Join(t), h.Join(t)
	publish(t, alive, command("orphan"))
	release := grab(t, dead, network, events.Ack)
	dead.Kill()
	handle, got := collector(events.Ack)
	consume(t, alive, network, handle)
	if d := receive(t, got, "the orphan"); string(d.Body) != "orphan" || d.Attempt < 2 {
		t.Errorf("got %q at attempt %d", d.Body, d.Attempt)
	}
	release()
}

// keptForALongHandler measures time in leases, not in seconds: while one handler holds "held", processes that took later
// messages die, and each of those messages comes again only when a lease has run out. Had the lease of "held", which is
// older, not been kept, it would have come again too.
func keptForALongHandler(t *testing.T, h Harness) {
	holder, alive := h.Join(t), h.Join(t)
	publish(t, alive, command("held"))
	release := grab(t, holder, network, events.Ack)
	for n := range 3 {
		victim := h.Join(t)
		publish(t, alive, command(fmt.Sprintf("orphan-%d", n)))
		letGo := grab(t, victim, network, events.Ack)
		victim.Kill()
		handle, got := collector(events.Ack)
		stop := consume(t, alive, network, handle)
		for {
			d := receive(t, got, "the orphan")
			if string(d.Body) == "held" {
				t.Fatalf("the message came again (attempt %d) while its handler ran", d.Attempt)
			}
			if string(d.Body) == fmt.Sprintf("orphan-%d", n) {
				break
			}
		}
		stop()
		letGo()
	}
	release()
	onlySentinelAmong(t, alive, "held")
}

// onlySentinelAmong waits for a sentinel and fails when a message with that body comes with it.
func onlySentinelAmong(t *testing.T, p Process, not string) {
	t.Helper()
	publish(t, p, command("sentinel"))
	handle, got := collector(events.Ack)
	stop := consume(t, p, network, handle)
	for {
		d := receive(t, got, "the sentinel")
		if string(d.Body) == not {
			t.Errorf("%q came again at attempt %d", not, d.Attempt)
		}
		if string(d.Body) == "sentinel" {
			break
		}
	}
	stop()
}

func deadVerdictIsNotHeard(t *testing.T, h Harness) {
	dead, alive := h.Join(t), h.Join(t)
	publish(t, alive, command("orphan"))
	release := grab(t, dead, network, events.Reject("said by the dead"))
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
