package routing_test

import (
	"context"
	"testing"

	"github.com/culvertnet/culvert/workers/routing"
)

// counting counts how often a list is read.
type counting struct {
	routing.Announcements
	reads int
}

func (c *counting) Read(ctx context.Context, t routing.Target) (routing.Announced, error) {
	c.reads++
	return c.Announcements.Read(ctx, t)
}

// Reads are calls of a vendor with a quota, made under a lease for which others wait.
func TestAnnounceReadsTheListNoMoreThanItMust(t *testing.T) {
	s := newStage(t)
	c := &counting{Announcements: s.w.Announcements()}
	s.d.Announcements = map[string]routing.Announcements{routing.ViaCloudRouter: c}
	command := s.announce("orders", router, prefix)
	for _, of := range []struct {
		when string
		most int
	}{
		{"made: looked at, read under the lease, read back, seen to be there", 4},
		{"there: looked at, seen to be there", 2},
	} {
		c.reads = 0
		s.do(command)
		if c.reads > of.most {
			t.Errorf("%s: %d reads, want %d", of.when, c.reads, of.most)
		}
	}
}
