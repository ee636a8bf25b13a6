// Package world holds the simulated state that every vendor's API shares: documents, a ledger of effects, vendor time
// and faults.
//
// It knows no vendor. An API (package google, package aviatrix) gives it meaning: it loads its scenario with
// Tx.QuietPut, registers a Projector, and answers each call inside World.Do or World.Serve. What the world promises a
// API:
//
//   - one transaction at a time, so a handler reads and writes without locks of its own;
//   - every record of a transaction is handed to the operating system (one write(2)) before the answer goes out, so a
//     world that is killed and opened again on the same folder has every effect it ever confirmed, the operations under
//     way and what comes of them;
//   - a change that a vendor makes later (an operation that ends, a status that turns) is data (Change), not a
//     goroutine, and is applied before the first transaction after its time.
//
// It is not a database: all documents live in memory, and nothing is rolled back; a handler decides first and writes
// last.
//
// Read world.go first, then tx.go; serve.go has the faults an API does not have to write itself.
package world
