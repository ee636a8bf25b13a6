package aviatrix

// attachSpoke joins a spoke to a transit. A second time it is refused with AVXERR-TRANSIT-0034, which clients take for
// done.
func attachSpoke(c *call) (any, error) {
	sp, err := c.gateway("spoke_gw")
	if err != nil {
		return nil, err
	}
	tr, err := c.gateway("transit_gw")
	if err != nil {
		return nil, err
	}
	if sp.Role != spoke || tr.Role != transit {
		return nil, refuse("[AVXERR-TRANSIT-0121] %s is not primary gateway", tr.Name)
	}
	if c.tx.Has(Vendor, kindAttachment, c.key(sp.Name, tr.Name)) {
		return nil, refuse("[AVXERR-TRANSIT-0034] Spoke gateway %s already joined transit gateway %s.", sp.Name,
			tr.Name)
	}
	for _, gw := range []Gateway{sp, tr} {
		if gw.State != up {
			return nil, refuse("Primary gateway %s is not up. Bring up the Primary gateway and try again.", gw.Name)
		}
	}
	at := Attachment{Spoke: sp.Name, Transit: tr.Name, Set: c.linkSet()}
	if err := at.filters(c); err != nil {
		return nil, err
	}
	c.put(kindAttachment, at, sp.Name, tr.Name)
	return nil, nil
}

func (at *Attachment) filters(c *call) (err error) {
	if at.SpokeToTransit, err = cidrs(c.in.list("spoke_to_transit_filter_cidrs")); err != nil {
		return err
	}
	at.TransitToSpoke, err = cidrs(c.in.list("transit_to_spoke_filter_cidrs"))
	return err
}

// editAttachment writes both filter lists, whole.
func editAttachment(c *call) (any, error) {
	at, ok := load[Attachment](c, kindAttachment, c.in.get("spoke_gw"), c.in.get("transit_gw"))
	if !ok {
		return nil, refuse("%s is not attached to %s.", c.in.get("spoke_gw"), c.in.get("transit_gw"))
	}
	if err := at.filters(c); err != nil {
		return nil, err
	}
	c.put(kindAttachment, at, at.Spoke, at.Transit)
	return nil, nil
}

// detachSpoke leaves one transit, or all of them when none is named.
func detachSpoke(c *call) (any, error) {
	sp, err := c.gateway("spoke_gw")
	if err != nil {
		return nil, err
	}
	left := false
	for _, at := range all[Attachment](c, kindAttachment, sp.Name) {
		if want := c.in.get("transit_gw"); want == "" || want == at.Transit {
			c.remove(kindAttachment, at.Spoke, at.Transit)
			left = true
		}
	}
	if !left {
		return nil, refuse("%s has not joined to any transit.", sp.Name)
	}
	return nil, nil
}
