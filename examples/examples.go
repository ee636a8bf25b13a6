// Package examples holds files that newcomers submit or start from. It has data only, so that a program can carry the
// default world with it. Intents are in intents/; the simulated world is world.yaml.
package examples

import _ "embed" // for World

// World is the default scenario of the simulated world: world.yaml.
//
//go:embed world.yaml
var World []byte
