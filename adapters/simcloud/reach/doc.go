// Package reach tells what the simulated world does with one packet: it passes or it is dropped, hop by hop, on the
// way there and on the way back, each hop with the rule that decided it and the vendor's page that the rule is from.
//
// It walks single packets over the world's own documents. It knows no set of addresses, nothing of the product, and
// nothing of the product may know it: the product has a model of the same vendors, and a mistake that both shared
// would never be found. Only the simulated world's control endpoint asks it, for operators and proofs.
//
// What no document decides is a Switch with a name, a default and the sentence why it is undecided.
//
// It is no judge of applications: a packet that arrives at an address has arrived, whoever listens there. Who may
// call a service (IAM) is no question of packets either.
//
// Read answer.go first (what is asked and answered), then rules.go, switches.go and walk.go. One file for each place
// that a packet can be in: serverless.go, network.go, gateway.go, site.go, front.go.
package reach
