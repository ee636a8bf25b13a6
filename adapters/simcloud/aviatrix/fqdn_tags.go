package aviatrix

const (
	white    = "white"
	black    = "black"
	enabled  = "enabled"
	disabled = "disabled"
)

func (c *call) tag() (FQDNTag, error) {
	name := c.in.get("tag_name")
	t, ok := load[FQDNTag](c, kindTag, name)
	if !ok {
		return t, refuse("FQDN filter tag %s does not exist.", name)
	}
	return t, nil
}

// addTag makes an empty tag: white and not in force. guess: the text for a name that is taken.
func addTag(c *call) (any, error) {
	name := c.in.get("tag_name")
	if name == "" {
		return nil, refuse("Required argument tag_name is missing.")
	}
	if c.tx.Has(Vendor, kindTag, c.key(name)) {
		return nil, refuse("FQDN filter tag %s already exists.", name)
	}
	c.put(kindTag, FQDNTag{Name: name, Color: white, State: disabled}, name)
	return nil, nil
}

// deleteTag refuses while a gateway has the tag (the provider never tries; guess: the refusal and its text).
func deleteTag(c *call) (any, error) {
	t, err := c.tag()
	if err != nil {
		return nil, err
	}
	if on := all[FQDNAttach](c, kindTagOn, t.Name); len(on) > 0 {
		return nil, refuse("FQDN filter tag %s is attached to gateway %s. Please detach it first.", t.Name,
			on[0].Gateway)
	}
	c.remove(kindTag, t.Name)
	return nil, nil
}

// setTagState is global for the tag: on every gateway that has it.
func setTagState(c *call) (any, error) {
	t, err := c.tag()
	if err != nil {
		return nil, err
	}
	state := c.in.get("status")
	if state != enabled && state != disabled {
		return nil, refuse("Invalid status: %s.", state)
	}
	t.State = state
	c.put(kindTag, t, t.Name)
	for _, on := range all[FQDNAttach](c, kindTagOn, t.Name) {
		c.settleFilter(on.Gateway)
	}
	return nil, nil
}

// setTagColor keeps the rule that all tags of one gateway have one colour.
func setTagColor(c *call) (any, error) {
	t, err := c.tag()
	if err != nil {
		return nil, err
	}
	color := c.in.get("color")
	if color != white && color != black {
		return nil, refuse("Invalid color: %s.", color)
	}
	t.Color = color
	for _, on := range all[FQDNAttach](c, kindTagOn, t.Name) {
		if err := c.oneColor(t, on.Gateway); err != nil {
			return nil, err
		}
	}
	c.put(kindTag, t, t.Name)
	return nil, nil
}

// oneColor refuses a tag next to one of the other colour (fqdn_faq; guess: the text).
func (c *call) oneColor(t FQDNTag, gateway string) error {
	for _, other := range c.tagsOn(gateway) {
		if other.Name != t.Name && other.Color != t.Color {
			return refuse("FQDN filter tag %s (%s) conflicts with tag %s (%s) on gateway %s: all tags of a gateway "+
				"must have the same color.",
				t.Name, t.Color, other.Name, other.Color, gateway)
		}
	}
	return nil
}

// tagsOn lists the tags a gateway has, in force or not.
func (c *call) tagsOn(gateway string) []FQDNTag {
	var out []FQDNTag
	for _, on := range all[FQDNAttach](c, kindTagOn) {
		if on.Gateway != gateway {
			continue
		}
		if t, ok := load[FQDNTag](c, kindTag, on.Tag); ok {
			out = append(out, t)
		}
	}
	return out
}

// listTags answers a map from tag to colour and state.
func listTags(c *call) (any, error) {
	out := map[string]any{}
	for _, t := range all[FQDNTag](c, kindTag) {
		out[t.Name] = map[string]string{"wbmode": t.Color, "state": t.State}
	}
	return out, nil
}

func listTagGateways(c *call) (any, error) {
	t, err := c.tag()
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, on := range all[FQDNAttach](c, kindTagOn, t.Name) {
		names = append(names, on.Gateway)
	}
	return names, nil
}
