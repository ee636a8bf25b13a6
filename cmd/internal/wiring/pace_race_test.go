//go:build race

package wiring

import "time"

// tick is shorter with the race detector: a command that takes its time to compute must not outlive its deadline.
const tick = 1500 * time.Millisecond
