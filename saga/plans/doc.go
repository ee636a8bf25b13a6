// Package plans is the catalogue of intent kinds. plans.go lists them.
//
// Each kind is a folder beside this file: payload, admission, plan, postconditions, and one function New that gives its
// entry. Package operator is what all of them read of the operator's configuration, package kind what an entry is, and
// kindtest the suite that each kind passes in its own package.
package plans
