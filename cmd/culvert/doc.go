// Command culvert is the command line: it submits intents, watches sagas and gives operators their orders, over the
// same HTTP API that anybody can use. One subcommand a file; main.go lists them, exit.go says what exit codes mean.
package main
