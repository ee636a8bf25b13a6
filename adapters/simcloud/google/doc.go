// Package google simulates the apis of Google Cloud that a private path needs: Compute Engine v1, Serverless VPC
// Access v1, Cloud DNS v1, Cloud Run v2, Cloud Functions v2, and of Cloud Monitoring v3 the one metric of a quota, all
// on one address, over a shared world.
//
// It is written from the vendor's discovery documents, its documentation and recorded exchanges; where nobody could
// tell what the vendor does, the code says "guess". It simulates control planes: no packet moves. What it takes over on
// purpose is what hurts: operations that take time and can fail inside, request ids, merge patch that replaces arrays,
// fingerprints, resources in use, connectors left in ERROR, quotas, late reads.
//
// Read api.go first (how a call becomes an answer), then collection.go (what all Compute kinds share), then any kind:
// one file each.
package google
