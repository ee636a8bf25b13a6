// Package privateservice is the intent kind "private-service": a serverless service gets a private way in, a private
// way out, or both.
//
// It holds what is pure about the kind: the payload with its defaults (payload.go, defaults.go), the admission rules
// (admission.go and one file for each half of the payload) and the plan. It reads nothing of the world: what has to be
// looked up is the business of the plan's check steps. Names such as "auto" for host names are therefore passed on.
//
// Read payload.go first, then admission.go: [Check] is what the intake calls after the schema has been satisfied.
package privateservice
