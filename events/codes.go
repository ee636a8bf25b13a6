package events

import (
	"slices"
	"strings"
)

// A Family is what a code is a code of.
type Family string

// The families of codes.
const (
	FamilyCause   Family = "cause"   // why a saga does not move, and what the doctor finds
	FamilyProblem Family = "problem" // why the API refuses a request
	FamilyReason  Family = "reason"  // why a worker's outcome has its class
	FamilyRule    Family = "rule"    // which rule an input breaks
)

// A Code is one word that programs may decide by, in the one place where it is listed. What a code means never changes;
// the text that comes with it is for people and may change in any release.
type Code struct {
	Family Family
	Word   string
	// Meaning is one sentence without its full stop.
	Meaning string
	// Remedy is what an operator or caller can do; "" when there is nothing to do. SAGA, STEP and the like stand for
	// names.
	Remedy string
	// Acts says that it does not go away by itself.
	Acts bool
}

// Codes lists every code, by family and word. The list is a copy.
func Codes() []Code {
	var all []Code
	for _, c := range causes {
		all = append(all, Code{FamilyCause, string(c.code), c.meaning, c.remedy, c.acts})
	}
	for _, p := range problems {
		all = append(all, Code{Family: FamilyProblem, Word: string(p.code), Meaning: p.meaning, Remedy: p.remedy})
	}
	for _, r := range reasons {
		all = append(all, Code{Family: FamilyReason, Word: string(r.code), Meaning: r.meaning, Remedy: r.remedy})
	}
	for _, r := range rules {
		all = append(all, Code{Family: FamilyRule, Word: string(r.code), Meaning: r.meaning, Remedy: r.remedy})
	}
	slices.SortStableFunc(all, func(a, b Code) int {
		if a.Family != b.Family {
			return strings.Compare(string(a.Family), string(b.Family))
		}
		return strings.Compare(a.Word, b.Word)
	})
	return all
}

// an entry is one line of a table of codes.
type entry[C ~string] struct {
	code            C
	meaning, remedy string
}

// about finds a code's line. An unknown code has none.
func about[C ~string](table []entry[C], code C) entry[C] {
	i := slices.IndexFunc(table, func(e entry[C]) bool { return e.code == code })
	if i < 0 {
		return entry[C]{code: code}
	}
	return table[i]
}

// Remedy is what a caller can do about a problem; "" when there is nothing to do.
func (c ProblemCode) Remedy() string { return about(problems, c).remedy }

// Remedy is what an operator can do about an outcome; "" when there is nothing to do.
func (r Reason) Remedy() string { return about(reasons, r).remedy }
