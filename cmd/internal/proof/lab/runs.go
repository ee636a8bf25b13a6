package lab

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/culvertnet/culvert/events"
)

// RunAll submits all at once and waits for all; an order for service "-" is a withdrawal.
func (l *Lab) RunAll(ctx context.Context, orders []Order) map[string]events.Status {
	ends := map[string]events.Status{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, o := range orders {
		all.Go(func() {
			body := Withdraw(o.Name)
			if o.Service != "-" {
				body = o.Event()
			}
			v, err := l.Run(ctx, body)
			if err != nil {
				v.Reason = strings.TrimSpace(v.Reason + " " + err.Error())
			}
			mu.Lock()
			defer mu.Unlock()
			ends[o.Name] = v
		})
	}
	all.Wait()
	return ends
}

// Many makes n orders.
func Many(n int, make func(int) Order) []Order {
	var all []Order
	for i := range n {
		all = append(all, make(i))
	}
	return all
}

// CountEnded counts the sagas that ended in a way.
func CountEnded(ends map[string]events.Status, want events.SagaStatus) int {
	n := 0
	for _, v := range ends {
		if v.Status == want {
			n++
		}
	}
	return n
}

// AllEnded is an error that names a saga which ended in another way.
func AllEnded(ends map[string]events.Status, want events.SagaStatus) error {
	for name, v := range ends {
		if v.Status != want {
			return fmt.Errorf("%d of %d are %s; e.g. %s is %s", CountEnded(ends, want), len(ends), want, name,
				Describe(v))
		}
	}
	return nil
}
