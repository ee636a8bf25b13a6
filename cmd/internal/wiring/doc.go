// Package wiring makes what a process of workers or BGP speakers is made of, from the daemon's configuration file and
// the address of a simulated world: the vendors' drivers, the steps over them, the speakers. culvertd and culvert-prove
// share it.
//
// It opens no store and no broker: each process brings its own ports. wire.go is the only file that knows every driver.
//
// Read parts.go first, then wire.go.
package wiring
