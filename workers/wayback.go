package workers

import "context"

type wayBackKey struct{}

// WithWayBack marks the calls of a command on the way back: those of a compensation or a withdrawal, with its Looks and
// polls. They are more urgent than others, because they give back what others wait for.
func WithWayBack(ctx context.Context) context.Context {
	return context.WithValue(ctx, wayBackKey{}, true)
}

// IsWayBack tells whether a call is marked so.
func IsWayBack(ctx context.Context) bool { return ctx.Value(wayBackKey{}) != nil }
