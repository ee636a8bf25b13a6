package policy

import (
	"context"

	"github.com/culvertnet/culvert/workers"
)

// tag is the ownership of a run's FQDN tag, in the record of its connection's tags. A tag has no field for an owner,
// and a check is no generation of the filter: this record is how a check knows which tags on a gateway are the
// connection's own.
func (d Drivers) tag(run workers.Run, name string) workers.Ownership {
	t := d.Times
	t.Linger = 0 // a tag belongs to one generation of one step
	resource := "own/" + run.Connection.String() + "/tags"
	return workers.Ownership{Counted: workers.Counted{Claims: d.Claims, Times: t, Resource: resource}, Part: name}
}

// tags names the connection's tags that may be there, made by whatever step and generation.
func (d Drivers) tags(ctx context.Context, run workers.Run) ([]string, error) {
	t, _, err := d.tag(run, "").Look(ctx, run)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, h := range t.Record.Holds {
		if !h.Dropped {
			names = append(names, h.Value)
		}
	}
	return names, nil
}
