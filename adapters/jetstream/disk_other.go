//go:build !unix

package jetstream

import "math"

// freeBytes is not known here: the server's own limit is what counts.
func freeBytes(string) (int64, error) { return math.MaxInt64 / 2, nil }

// diskBytes is not known either.
func diskBytes(string) (int64, error) { return 0, nil }
