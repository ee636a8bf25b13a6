package aviatrix

import "slices"

// maxDomains is the vendor's bound per transit gateway (transit_segmentation_faq).
const maxDomains = 200

func (c *call) domain(field string) (SecurityDomain, error) {
	d, ok := load[SecurityDomain](c, kindDomain, c.in.get(field))
	if !ok {
		return d, refuse("Security domain %s does not exist.", c.in.get(field))
	}
	return d, nil
}

func addDomain(c *call) (any, error) {
	name := c.in.get("domain_name")
	if name == "" {
		return nil, refuse("Required argument domain_name is missing.")
	}
	if c.tx.Has(Vendor, kindDomain, c.key(name)) {
		return nil, refuse("Security domain %s already exists.", name)
	}
	if len(all[SecurityDomain](c, kindDomain)) >= maxDomains {
		return nil, refuse("The number of security domains is limited to %d.", maxDomains)
	}
	c.put(kindDomain, SecurityDomain{Name: name}, name)
	return nil, nil
}

func deleteDomain(c *call) (any, error) {
	d, err := c.domain("domain_name")
	if err != nil {
		return nil, err
	}
	if len(d.Members) > 0 {
		return nil, refuse("Security domain %s still has attachments.", d.Name) // guess: the text
	}
	for _, other := range all[SecurityDomain](c, kindDomain) {
		if slices.Contains(other.Connected, d.Name) {
			other.Connected = without(other.Connected, []string{d.Name})
			c.put(kindDomain, other, other.Name)
		}
	}
	c.remove(kindDomain, d.Name)
	return nil, nil
}

// linkDomains lets two domains talk, or stops it; both ends show it.
func linkDomains(on bool) func(*call) (any, error) {
	return func(c *call) (any, error) {
		a, err := c.domain("domain_name")
		if err != nil {
			return nil, err
		}
		b, err := c.domain("other_domain_name")
		if err != nil {
			return nil, err
		}
		if slices.Contains(a.Connected, b.Name) == on {
			word := map[bool]string{true: "connected", false: "disconnected"}[on]
			return nil, refuse("Security domains %s and %s are already %s.", a.Name, b.Name, word)
		}
		a.Connected, b.Connected = without(a.Connected, []string{b.Name}), without(b.Connected, []string{a.Name})
		if on {
			a.Connected, b.Connected = append(a.Connected, b.Name), append(b.Connected, a.Name)
		}
		c.put(kindDomain, a, a.Name)
		c.put(kindDomain, b, b.Name)
		return nil, nil
	}
}

func associate(c *call) (any, error) {
	d, err := c.domain("domain_name")
	if err != nil {
		return nil, err
	}
	name := c.in.get("attachment_name")
	if at := c.domainOf(name); at != "" {
		return nil, refuse("Attachment %s is already associated with security domain %s.", name, at)
	}
	known := c.tx.Has(Vendor, kindGateway, c.key(name)) || slices.ContainsFunc(all[Connection](c, kindConnection),
		func(conn Connection) bool { return conn.Name == name })
	if !known {
		return nil, refuse("Attachment %s does not exist.", name)
	}
	d.Members = append(d.Members, name)
	c.put(kindDomain, d, d.Name)
	return nil, nil
}

func disassociate(c *call) (any, error) {
	d, err := c.domain("domain_name")
	if err != nil {
		return nil, err
	}
	name := c.in.get("attachment_name")
	if !slices.Contains(d.Members, name) {
		return nil, refuse("Attachment %s is not attached to security domain %s.", name, d.Name)
	}
	d.Members = without(d.Members, []string{name})
	c.put(kindDomain, d, d.Name)
	return nil, nil
}

func listDomains(c *call) (any, error) {
	names := []string{}
	for _, d := range all[SecurityDomain](c, kindDomain) {
		names = append(names, d.Name)
	}
	return names, nil
}

func domainPolicy(c *call) (any, error) {
	d, err := c.domain("domain_name")
	if err != nil {
		return nil, err
	}
	apart := []string{}
	for _, other := range all[SecurityDomain](c, kindDomain) {
		if other.Name != d.Name && !slices.Contains(d.Connected, other.Name) {
			apart = append(apart, other.Name)
		}
	}
	return map[string]any{"connected_domains": list(d.Connected), "not_connected_domains": apart}, nil
}

func domainAttachments(c *call) (any, error) {
	rows := []any{}
	for _, d := range all[SecurityDomain](c, kindDomain) {
		for _, name := range d.Members {
			row := map[string]any{"name": name, "domain": d.Name, "type": "connection",
				"transit_name": c.transitOfConnection(name)}
			if gw, ok := load[Gateway](c, kindGateway, name); ok {
				row["type"], row["transit_name"] = gw.Role, c.transitOf(gw)
			}
			rows = append(rows, row)
		}
	}
	return map[string]any{"attachments": rows}, nil
}

// transitOfConnection is the transit gateway that a connection is on, or that its spoke has joined (guess: the latter).
func (c *call) transitOfConnection(name string) string {
	for _, conn := range all[Connection](c, kindConnection) {
		if conn.Name != name {
			continue
		}
		if gw, _ := load[Gateway](c, kindGateway, conn.Gateway); gw.Role == spoke {
			return c.transitOf(gw)
		}
		return conn.Gateway
	}
	return ""
}

func (c *call) domainOf(attachment string) string {
	for _, d := range all[SecurityDomain](c, kindDomain) {
		if slices.Contains(d.Members, attachment) {
			return d.Name
		}
	}
	return ""
}

// domainsTalk tells whether segmentation lets two attachments exchange routes. Attachments without a domain talk to
// each other only.
func (c *call) domainsTalk(a, b string) bool {
	x, y := c.domainOf(a), c.domainOf(b)
	if x == y {
		return true
	}
	d, ok := load[SecurityDomain](c, kindDomain, x)
	return ok && slices.Contains(d.Connected, y)
}
