package memory_test

import (
	"testing"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/journaltest"
)

func TestJournal(t *testing.T) {
	journaltest.Test(t, func(*testing.T) journaltest.Harness {
		j := memory.NewJournal(nil)
		return journaltest.Harness{
			Open: func(*testing.T) saga.Journal { return j },
			Limited: func(_ *testing.T, bytes int64) saga.Journal {
				j.Limit(int(bytes))
				return j
			},
		}
	})
}
