// Package jetstream keeps everything that must last in NATS JetStream: the bus with its dead letters, the journal,
// claims and marks. It is the default backend, with the server inside the process ([Embed]), and the backend of many
// machines, with a cluster outside ([Connect]).
//
// Where each promise comes from:
//
//   - Synced before it is acknowledged: the server runs with sync_interval "always". [Open] asks for a proof from the
//     server's own report ([Embedded.AssertSynced], [MonitorReport]) and refuses to work without one,
//     unless the operator says so by name ([AllowUnsynced]).
//   - One winner a version: the expected last sequence of a connection's own subject
//     (Nats-Expected-Last-Subject-Sequence).
//   - An answer that was lost: one rule in one place, [Journal] settle (settle.go): read the subject's last record from
//     the stream's leader, compare ids.
//   - A lease as long as the handler runs: acknowledgement "in progress", sent three times per ack wait.
//   - Streams that need no sync (commands, results, status, marks) are in memory, because a synced server would sync
//     each of their messages. They are made again at start; what was in them is derived again from the journal.
//
// Read backend.go first, then topology.go (the streams and why each is as it is), then one file a port: bus.go and
// consume.go, deadletters.go, journal.go (with append.go, settle.go, record.go, index.go, follow.go), claims.go,
// marks.go.
package jetstream
