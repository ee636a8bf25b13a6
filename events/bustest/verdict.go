package bustest

import (
	"context"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
)

var verdictCases = map[string]func(*testing.T, Harness){
	"AgainDeliversAgain":           againDeliversAgain,
	"AgainDoesNotBlockOthers":      againDoesNotBlockOthers,
	"AgainGoesToAnotherProcess":    againGoesToAnotherProcess,
	"RejectKeepsTheWholeMessage":   rejectKeepsTheWholeMessage,
	"RejectIsFinal":                rejectIsFinal,
	"RejectKeepsAnyReason":         rejectKeepsAnyReason,
	"MaxDeliverEndsInDeadLetters":  maxDeliverEndsInDeadLetters,
	"WithoutMaxDeliverItGoesOn":    withoutMaxDeliverItGoesOn,
	"PoisonDoesNotHoldUpItsStream": poisonDoesNotHoldUp,
}

func againDeliversAgain(t *testing.T, h Harness) {
	p := h.Join(t)
	attempts := make(chan int, 16)
	consume(t, p, network, func(_ context.Context, d events.Delivery) events.Verdict {
		attempts <- d.Attempt
		if d.Attempt < 4 {
			return events.Again
		}
		return events.Ack
	})
	publish(t, p, command("stubborn"))
	for want := 1; want <= 4; want++ {
		if got := receive(t, attempts, "the next attempt"); got != want {
			t.Errorf("attempt %d, want %d", got, want)
		}
	}
}

func againDoesNotBlockOthers(t *testing.T, h Harness) {
	p := h.Join(t)
	passed := make(chan struct{})
	done := make(chan string, 16)
	consume(t, p, network, func(_ context.Context, d events.Delivery) events.Verdict {
		if string(d.Body) == "blocked" {
			select {
			case <-passed:
			default:
				return events.Again
			}
		} else {
			close(passed)
		}
		done <- string(d.Body)
		return events.Ack
	})
	publish(t, p, command("blocked"))
	publish(t, p, command("other"))
	if first := receive(t, done, "the other message"); first != "other" {
		t.Errorf("%q came first", first)
	}
	receive(t, done, "the blocked message")
}

func againGoesToAnotherProcess(t *testing.T, h Harness) {
	a, b := h.Join(t), h.Join(t)
	refused := make(chan struct{}, 64)
	stop := consume(t, a, network, func(context.Context, events.Delivery) events.Verdict {
		refused <- struct{}{}
		return events.Again
	})
	publish(t, a, command("m"))
	receive(t, refused, "the first process")
	stop()
	handle, got := collector(events.Ack)
	consume(t, b, network, handle)
	if d := receive(t, got, "the second process"); d.Attempt < 2 {
		t.Errorf("attempt %d of a message that was delivered before", d.Attempt)
	}
}

func rejectKeepsTheWholeMessage(t *testing.T, h Harness) {
	p := h.Join(t)
	sent := events.Message{
		Subject: events.IntentSubject("private-service"), ID: "i-1",
		Header: map[string]string{"ce-id": "i-1", "ce-source": "/pipelines/ünïcode"}, Body: []byte("{broken\x00"),
	}
	publish(t, p, sent)
	handle, _ := collector(events.Reject("data is not JSON"))
	consume(t, p, events.Subscription{Name: "intents", Subjects: []string{events.Intents.Subject}}, handle)
	got := letters(t, h.Join(t), 1)[0]
	if got.Subject != sent.Subject || got.Reason != "data is not JSON" || string(got.Body) != string(sent.Body) {
		t.Errorf("sent %+v, the letter is %+v", sent, got)
	}
	for k, v := range sent.Header {
		if got.Header[k] != v {
			t.Errorf("header %s is %q, want %q", k, got.Header[k], v)
		}
	}
	if len(got.Header) != len(sent.Header) {
		t.Errorf("the letter has headers that were not sent: %v", got.Header)
	}
	if got.ID == "" || got.At.IsZero() {
		t.Errorf("the letter has no id or time: %+v", got)
	}
}

func rejectIsFinal(t *testing.T, h Harness) {
	p := h.Join(t)
	publish(t, p, command("bad"))
	handle, got := collector(events.Reject("bad"))
	stop := consume(t, p, network, handle)
	receive(t, got, "the bad message")
	letters(t, p, 1)
	stop()
	nothingLeft(t, h)
	if all := letters(t, p, 1); len(all) != 1 {
		t.Errorf("%d letters of one message", len(all))
	}
}

func rejectKeepsAnyReason(t *testing.T, h Harness) {
	reasons := []string{"", "two\nlines", "trailing blank ", "\"quoted\" und übel\t\x7f", strings.Repeat("long ", 400)}
	p := h.Join(t)
	for i, reason := range reasons {
		publish(t, p, command("bad"+string(rune('0'+i))))
		handle, _ := collector(events.Reject(reason))
		stop := consume(t, p, network, handle)
		if got := letters(t, p, i+1)[i].Reason; got != reason {
			t.Errorf("reason %q came back as %q", reason, got)
		}
		stop()
	}
}

func maxDeliverEndsInDeadLetters(t *testing.T, h Harness) {
	p := h.Join(t)
	s := network
	s.MaxDeliver = 3
	handle, got := collector(events.Again)
	stop := consume(t, p, s, handle)
	publish(t, p, command("poison"))
	letter := letters(t, p, 1)[0]
	stop()
	if letter.Reason != "delivered 3 times" || string(letter.Body) != "poison" {
		t.Errorf("letter: reason %q, body %q", letter.Reason, letter.Body)
	}
	if n := len(got); n != 3 {
		t.Errorf("handled %d times, want 3", n)
	}
	nothingLeft(t, h)
}

func withoutMaxDeliverItGoesOn(t *testing.T, h Harness) {
	p := h.Join(t)
	done := make(chan struct{}, 8)
	consume(t, p, network, func(_ context.Context, d events.Delivery) events.Verdict {
		if d.Attempt < 8 {
			return events.Again
		}
		done <- struct{}{}
		return events.Ack
	})
	publish(t, p, command("slow"))
	receive(t, done, "the eighth attempt")
	if got, err := p.DeadLetters.List(patient(t), "", 10); err != nil || len(got) != 0 {
		t.Errorf("dead letters without a limit: %v %v", got, err)
	}
}

func poisonDoesNotHoldUp(t *testing.T, h Harness) {
	p := h.Join(t)
	s := network
	s.MaxDeliver = 2
	done := make(chan string, 256)
	publish(t, p, command("poison"))
	publish(t, p, numbered(20)...)
	consume(t, p, s, func(_ context.Context, d events.Delivery) events.Verdict {
		if string(d.Body) == "poison" {
			return events.Again
		}
		done <- string(d.Body)
		return events.Ack
	})
	seen := map[string]bool{}
	for len(seen) < 20 {
		seen[receive(t, done, "the good messages")] = true
	}
	letters(t, p, 1)
}
