package world

// Freeze returns a transaction that reads the documents as they are in this moment, for as long as the caller likes. It
// must not write, and it is for one goroutine at a time.
func (tx *Tx) Freeze() *Tx {
	return &Tx{w: &World{cfg: tx.w.cfg, docs: tx.w.docs.snapshot()}, now: tx.now}
}
