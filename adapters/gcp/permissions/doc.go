// Package permissions knows what Culvert needs in Google Cloud: the permissions of each call of the driver, the calls
// of each step, the APIs that have to be enabled, and the organisation policies that bite. It is data
// (permissions.yaml), what follows from it for some steps, and the document that is rendered from it.
//
// It asks nobody: package gcp does. It shares nothing with the simulated world, which has a list of its own.
//
// Read permissions.yaml first, then list.go (its form), needs.go (what some steps need), policies.go and document.go.
package permissions
