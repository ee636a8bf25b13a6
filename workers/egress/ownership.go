package egress

import "github.com/culvertnet/culvert/workers"

// ownership is the time of one generation of a step: nothing of this capability is shared by its steps.
func (d Drivers) ownership(run workers.Run) workers.Ownership {
	return workers.OwnedAlone(d.Claims, d.Times, run, "tenure")
}

// otherHolder names a live holder of the record that belongs to another connection.
func otherHolder(r workers.Record, run workers.Run) (string, bool) {
	for _, h := range r.Holds {
		if h.Live() && !h.Of(run.Connection) {
			return h.Holder, true
		}
	}
	return "", false
}
