package workers

import "context"

// Numbers gives out blocks of consecutive numbers, such as the priorities of a firewall policy's rules. Resource names
// the record; First and Last bound the numbers.
type Numbers struct {
	Claims      Claims
	Times       ClaimTimes
	Resource    string
	First, Last int
}

// Take gives the run's holder its block: the first of size consecutive numbers, the same however often it asks. taken
// are numbers that others use in the world. It refuses "full" when there is no such block, and "conflict" when the
// holder has one of another size.
func (n Numbers) Take(ctx context.Context, run Run, size int, taken map[int]bool) (first int, err error) {
	want := n.Times.claim(run, "")
	_, err = change(ctx, n.Claims, n.Resource, func(r Record) (Record, error) {
		var err error
		r, first, err = r.takeNumbers(want, size, n, taken)
		return r, err
	})
	return first, err
}

// Next tells the block that Take would give the run's holder now. It takes none: it is for checks.
func (n Numbers) Next(ctx context.Context, run Run, size int, taken map[int]bool) (first int, err error) {
	r, err := load(ctx, n.Claims, n.Resource)
	if err != nil {
		return 0, err
	}
	_, first, err = r.takeNumbers(n.Times.claim(run, ""), size, n, taken)
	return first, err
}

// Give gives the block back, and succeeds when there is none.
func (n Numbers) Give(ctx context.Context, run Run) error {
	want := n.Times.claim(run, "")
	_, err := change(ctx, n.Claims, n.Resource, func(r Record) (Record, error) {
		r, _, had, err := r.giveBack(want)
		if err == nil && !had {
			_, err = r.drop(want) // a fence: a late Take of an older epoch finds it
		}
		return r, err
	})
	return err
}

// Held reads the run's block; first is 0 when it has none.
func (n Numbers) Held(ctx context.Context, run Run) (first, size int, err error) {
	r, err := load(ctx, n.Claims, n.Resource)
	if err != nil {
		return 0, 0, err
	}
	h, ok := r.held(run.Holder().String())
	if !ok {
		return 0, 0, nil
	}
	return parseNumbers(h.Value)
}
