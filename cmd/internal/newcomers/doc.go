// Package newcomers keeps the room open that CONTRIBUTING promises: its test is the only thing in it.
//
// testdata has patches of what may come next: a step with a kind, a kind that uses steps of two capabilities, a second
// version of a payload, a capability. The test applies each to a copy of the repository, runs the commands of the
// recipes that it followed, and holds it to the files that those recipes name. When a patch does not apply any more, or
// a file more has to be touched, either the recipe or the house has changed: mend the one that is wrong.
package newcomers
