// Package reach is the model of reach: the one place in the product that knows how packets are decided.
//
// It is for questions about a set of flows: from a place, to a place, which of them surely pass, which may pass, and
// which object decides. Facts go in as values, a [Verdict] comes out; nothing is read here, and no clock is known. What
// lies between Sure and May is undecided, with a cause from a closed list.
//
// It is not for reading a vendor: adapters translate objects into facts, with names as resources and every default
// filled in. It is not for deciding what to do about a verdict either; checks and proofs do that.
//
// Read first: verdict.go for what comes out, facts.go for what goes in, walk.go for the way of a set of flows, then one
// file for each layer. Each rule names the vendor's page that it follows.
package reach
