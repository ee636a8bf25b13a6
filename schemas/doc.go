// Package schemas holds the JSON Schemas (2020-12) of what publishers send: the CloudEvents envelope and, for each
// intent kind, want and version, its data. The files are the contract; publishers may copy them as they are.
//
// It is not for rules that a schema cannot say (a range that overlaps another, a pool that the operator does not have):
// those are admission rules and live with the kind's plan. It imports nothing of ours.
//
// Read intent/private-service.apply.v1.json first, then validate.go. The folder examples holds whole events, by intent
// kind and for the envelope, valid and invalid; manifest.json beside the invalid ones says which field and rule refuses
// each of them.
package schemas
