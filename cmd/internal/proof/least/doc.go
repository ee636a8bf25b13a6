// Package least computes the fewest calls that the two examples can cost, from the facts that their questions need and
// from the vendors' pages; never from what an implementation does.
//
// It is for the test and the proof that hold the measured calls against it. It is not for deciding what is read.
//
// Read reads.go for the facts with their calls, then ways.go for the moments at which they are needed.
//
// # Moments
//
// Two reads of one thing are one when nothing can have changed it in between as far as the product promises to notice.
// So a way is a list of moments, and within a moment each page of a list is read once, whoever asks. A new moment
// begins where the promises want the world as it is then:
//
//   - the checks, all of them before the first effect (ARCHITECTURE.md, "Phases");
//   - right before an effect: what it could take from somebody else, which is the last look before harm; what a lease
//     or a claim is about is read under it (workers/memo.go, workers/list.go);
//   - after an effect: that it is so. A Do tells what it has read back, an Undo counts after a Look that confirms it
//     (ARCHITECTURE.md, "Compensation" and "Quiet before undo");
//   - the proof, which looks at every step and at the whole.
//
// An application has three moments at which the whole world of the question is read: the checks, the last look before
// the service is bound, and the proof. They alone are more than 120 calls.
//
// An effect is one call, and one wait for the operation that it starts. A name that the product has made for itself
// alone is not asked for before it is made: the request's id, or the vendor's refusal of a second one, tells.
package least
