package poison_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/poison"
)

func verdict(v events.Verdict) string {
	reason, rejected := v.Rejected()
	switch {
	case v.IsAck():
		return "ack"
	case rejected:
		return "reject: " + reason
	}
	return "again"
}

func TestJudge(t *testing.T) {
	full, panicked := errors.New("full"), fmt.Errorf("%w: boom", poison.ErrPanicked)
	for _, c := range []struct {
		attempt int
		err     error
		passes  bool
		want    string
	}{
		{1, nil, false, "ack"}, {1000, nil, true, "ack"},
		{1, full, true, "again"}, {999, full, true, "again"}, {1, full, false, "reject: full"},
		{1, panicked, false, "again"}, {4, panicked, true, "again"},
		{5, panicked, true, "reject: deciding panicked: boom"}, {5, panicked, false, "reject: deciding panicked: boom"},
	} {
		if got := verdict(poison.Judge(events.Delivery{Attempt: c.attempt}, c.err, c.passes)); got != c.want {
			t.Errorf("attempt %d, %v, passes %t: %s, want %s", c.attempt, c.err, c.passes, got, c.want)
		}
	}
}

func TestGuard(t *testing.T) {
	var told []string
	handle := poison.Guard(func(_ context.Context, d events.Delivery) events.Verdict {
		if d.Subject == "bad" {
			panic("boom")
		}
		return events.Ack
	}, func(d events.Delivery, panicked string) { told = append(told, panicked[:4]) })
	at := func(subject string, attempt int) string {
		return verdict(
			handle(t.Context(), events.Delivery{Message: events.Message{Subject: subject}, Attempt: attempt}),
		)
	}
	for subject, want := range map[string]string{"good": "ack", "bad": "again"} {
		if got := at(subject, 1); got != want {
			t.Errorf("%s: %s, want %s", subject, got, want)
		}
	}
	if got := at("bad", poison.Tries); got != "reject: its handler panicked 5 times, last: boom" {
		t.Errorf("the last try: %s", got)
	}
	if fmt.Sprint(told) != "[boom boom]" {
		t.Errorf("told %q", told)
	}
}
