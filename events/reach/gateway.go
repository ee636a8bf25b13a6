package reach

// A Gateway is a gateway of the controller.
type Gateway struct {
	Name  string
	Realm Realm
}

func (r *run) toGateway(p piece, name string) {
	r.open(p.flows, Gap{FarSide, name, "nothing was read of the gateway"})
}
