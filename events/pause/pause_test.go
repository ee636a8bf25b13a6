package pause_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/culvertnet/culvert/events/pause"
)

func TestFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for d, want := range map[time.Duration]time.Duration{time.Second: time.Second, 0: 0, -time.Hour: 0} {
			begun := time.Now()
			if err := pause.For(t.Context(), d); err != nil || time.Since(begun) != want {
				t.Errorf("%s: %v after %s, want %s", d, err, time.Since(begun), want)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begun := time.Now()
		if err := pause.For(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) ||
			time.Since(begun) != time.Minute {
			t.Errorf("%v after %s", err, time.Since(begun))
		}
		if err := pause.For(ctx, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("an ended context lets no loop go on: %v", err)
		}
	})
}
