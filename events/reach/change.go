package reach

// A Change is how the answer to one question differs between two worlds, for example before a plan and after it.
type Change struct {
	// Lost surely passed before and does not surely pass after.
	Lost Flows
	// Widened was blocked before and may pass after.
	Widened Flows
	// Open are the causes of what is undecided in either world.
	Open []Gap
}

// None tells whether nobody loses a path and nothing is opened.
func (c Change) None() bool { return c.Lost.Empty() && c.Widened.Empty() }

// Compare judges a change by two verdicts of one question. Flows of one's own may be left out with own.
//
// The question asks about the space that the touched objects decide, not about those who are seen in it: who comes
// later meets the same rules.
func Compare(before, after Verdict, own Flows) Change {
	c := Change{
		Lost:    before.Sure.Subtract(after.Sure).Subtract(own),
		Widened: after.May.Subtract(before.May).Subtract(own),
	}
	for _, v := range []Verdict{before, after} {
		for _, g := range v.Open {
			c.Open = withGap(c.Open, g)
		}
	}
	return c
}
