//go:build !race

package wiring

import "time"

// tick is how much time passes in the world at each turn of a test's loop.
const tick = 3 * time.Second
