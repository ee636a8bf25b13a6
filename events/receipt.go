package events

// A Receipt answers an accepted intent or action.
type Receipt struct {
	// Saga is the id of the saga that carries it out.
	Saga string
	// Duplicate tells that this very intent had been accepted before.
	Duplicate bool
}
