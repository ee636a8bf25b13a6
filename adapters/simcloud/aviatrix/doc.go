// Package aviatrix plays Aviatrix controllers: it speaks their wire protocol (v1 and v2 form, JSON and
// query calls, v2.5 REST) over HTTP and keeps their state in the simulated world, so that a real client
// runs against it with nothing changed but the address.
//
// It has the semantics that hurt: HTTP 200 with return:false, sessions that expire in three shapes,
// whole-list writes without any lock, an advertise list that replaces the default, source lists that
// exclude everybody else, tags of one colour per gateway, one object per attachment point, reports that
// lag, answers that come after the change. What the vendor does not document is our choice and is marked
// "guess:" where it is made. In one thing it is stricter than the vendor: a change with a field that no
// client of the vendor's sends is refused (writes.go), because nobody knows what it would do.
//
// It is not a model of a data plane: [Judge] is a pure reading of the configuration, for tests that ask
// whether a filter would bind. It knows nothing of Google Cloud's apis.
//
// Read scenario.go first (what a controller starts with), then api.go (one request from socket to
// answer), then the files named after the nouns.
package aviatrix
