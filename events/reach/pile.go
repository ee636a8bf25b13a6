package reach

// A pile is a union that grows: sets of about one size are put together first, so that many small additions to a large
// set do not copy it each time.
type pile struct{ parts []Flows }

// add puts a set on the pile.
func (p *pile) add(f Flows) {
	if f.Empty() {
		return
	}
	p.parts = append(p.parts, f)
	for n := len(p.parts); n > 1 && 2*p.parts[n-1].weight() >= p.parts[n-2].weight(); n = len(p.parts) {
		p.top()
	}
}

// top makes one of the two uppermost sets.
func (p *pile) top() {
	n := len(p.parts)
	p.parts[n-2] = p.parts[n-2].Union(p.parts[n-1])
	p.parts = p.parts[:n-1]
}

// all is the union of the pile.
func (p *pile) all() Flows {
	for len(p.parts) > 1 {
		p.top()
	}
	if len(p.parts) == 0 {
		return Flows{}
	}
	return p.parts[0]
}

// weight is how many ranges a set has.
func (f Flows) weight() (n int) {
	for _, b := range f.boxes {
		n += len(b.Src.list) + len(b.Dst.list)
	}
	return n
}
