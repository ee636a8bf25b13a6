// Package invented makes random simulated worlds and packets in them: for the proof that the model of reach and the
// world's judge agree, and, with a connection to be made among neighbours, for the proof that nobody else is hurt.
//
// It knows the words of a world's description, of intents and of the daemon's configuration, and nothing else: neither
// the model nor the judge, so that what it makes is not what one of them thinks of. Equal seeds give equal worlds.
//
// Read world.go first, then neighbourhood.go.
package invented
