// Command culvertd is the daemon. Alone it is everything in one process: the broker, the journal, the workers, the API
// and a simulated world, so that a newcomer needs nothing else; with --role it is one part of an installation of many.
//
// main.go is the program on one screen, config.go its one configuration, wire.go the only file that knows every
// adapter, and each role has a file.
package main
