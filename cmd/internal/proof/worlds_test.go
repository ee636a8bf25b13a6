package proof_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/culvertnet/culvert/cmd/internal/proof"
)

var errTried = errors.New("no answer")

// Every world is tried once, and one that fails of itself is named and loses none of the others.
func TestTryWorldsNamesTheOneThatFailed(t *testing.T) {
	var got []uint64
	err := proof.TryWorlds(
		t.Context(), proof.Worlds{First: 500, Count: 40, Within: time.Hour},
		func(_ context.Context, seed uint64) (uint64, error) {
			if seed == 507 {
				return 0, errTried
			}
			return seed, nil
		},
		func(seed uint64) { got = append(got, seed) },
	)
	if !errors.Is(err, errTried) || !strings.Contains(err.Error(), "world 507: ") ||
		strings.Count(err.Error(), "world ") != 1 {
		t.Errorf("error %v, want that of world 507 alone", err)
	}
	slices.Sort(got)
	want := slices.DeleteFunc(sequence(500, 40), func(seed uint64) bool { return seed == 507 })
	if !slices.Equal(got, want) {
		t.Errorf("worlds %v, want %v", got, want)
	}
}

// What fails so often fails always: no more worlds begin. Nor do any when the time is over or the proof is stopped.
func TestTryWorldsEndsEarly(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for _, c := range []struct {
		name   string
		ctx    context.Context
		within time.Duration
		most   int64
		err    error
	}{
		{"failing", t.Context(), time.Hour, 999, errTried},
		{"out of time", t.Context(), -time.Second, 0, nil},
		{"stopped", stopped, time.Hour, 0, context.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			var begun atomic.Int64
			err := proof.TryWorlds(c.ctx, proof.Worlds{Count: 1000, Within: c.within},
				func(_ context.Context, seed uint64) (string, error) {
					begun.Add(1)
					return "", fmt.Errorf("%d: %w", seed, errTried)
				},
				func(string) { t.Error("a failed world is taken") },
			)
			if begun.Load() > c.most || !errors.Is(err, c.err) {
				t.Errorf("%d worlds begun, want at most %d; error %v, want %v", begun.Load(), c.most, err, c.err)
			}
		})
	}
}

func sequence(first uint64, n int) (all []uint64) {
	for i := range uint64(n) {
		all = append(all, first+i)
	}
	return all
}
