package aviatrix

// The controller-wide switches of the FQDN filter.
const (
	globalException = "exception_rule"   // white mode lets TLS without a server name pass
	globalPrivate   = "private_networks" // destinations in RFC 1918 are inspected, too
	globalCache     = "cache_global"
	globalExact     = "exact_match" // off: a rule is a substring
)

// globalCalls is what a switch is called in enable_fqdn_… and disable_fqdn_….
var globalCalls = map[string]string{
	globalException: "exception_rule", globalPrivate: "on_private_networks", globalCache: "cache_global",
	globalExact: "exact_match",
}

// globalDefaults are the vendor's (FQDN_Whitelists_Ref_Design).
var globalDefaults = map[string]string{
	globalException: enabled, globalPrivate: disabled, globalCache: enabled, globalExact: disabled,
}

// globalFlag is one switch. State "custom" of the private networks means: inspected, but not the networks in IPs.
type globalFlag struct {
	State string   `json:"state"`
	IPs   []string `json:"ips,omitempty"`
}

func (c *call) global(name string) globalFlag {
	flag, _ := load[globalFlag](c, kindGlobal, "fqdn", name)
	return flag
}

func setGlobal(name, state string) func(*call) (any, error) {
	return func(c *call) (any, error) {
		if c.global(name).State == state {
			return nil, refuse("No change in FQDN %s: already %s.", name, state)
		}
		c.put(kindGlobal, globalFlag{State: state}, "fqdn", name)
		return nil, nil
	}
}

func getGlobal(name string) func(*call) (any, error) {
	return func(c *call) (any, error) { return c.global(name).State, nil }
}

func setCustomNetworks(c *call) (any, error) {
	ips, err := cidrs(c.in.list("source_ips"))
	if err != nil {
		return nil, err
	}
	c.put(kindGlobal, globalFlag{State: "custom", IPs: ips}, "fqdn", globalPrivate)
	return nil, nil
}

// privateFiltering is get_fqdn_private_network_filtering_status (names from the provider's client).
func privateFiltering(c *call) (any, error) {
	flag := c.global(globalPrivate)
	return map[string]any{
		"private_sub_filter": flag.State, "configured_ips": list(flag.IPs),
		"rfc_1918": []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"},
	}, nil
}
