// Package invented makes random simulated worlds and packets in them, for the proof that the model of reach and the
// world's judge agree.
//
// It knows the words of a world's description and nothing else: neither the model nor the judge, so that what it makes
// is not what one of them thinks of. Equal seeds give equal worlds.
//
// Read world.go first.
package invented
