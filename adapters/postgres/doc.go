// Package postgres keeps the journal, the claims, the marks and the dead letters of the Google backend in PostgreSQL
// (14 or newer; Cloud SQL is one).
//
// It implements saga.Journal, workers.Claims, workers.Marks and events.DeadLetters. It carries no messages: package
// pubsub does. Read migrations/0001_home.sql first, which says why positions have no gaps, then append.go and
// follow.go.
package postgres
