package aviatrix

// The distributed firewall's single objects, one document each.
const (
	dcfFeature = "microseg"
	dcfList    = "policy-list"
	dcfDefault = "default-action-policy"
	dcfIntra   = "intra-vpc"
)

type feature struct {
	Enabled bool `json:"enabled"`
}

func (c *call) feature() feature {
	f, _ := load[feature](c, kindSingleton, dcfFeature)
	return f
}

func (c *call) onlyMicroseg() error {
	if name := c.in.get("feature", "feature_name"); name != dcfFeature {
		return refuse("Feature %s is not supported.", name)
	}
	return nil
}

func getControllerFeature(c *call) (any, error) {
	if err := c.onlyMicroseg(); err != nil {
		return nil, err
	}
	return map[string]any{"enabled": c.feature().Enabled}, nil
}

func setControllerFeature(on bool) func(*call) (any, error) {
	return func(c *call) (any, error) {
		if err := c.onlyMicroseg(); err != nil {
			return nil, err
		}
		c.put(kindSingleton, feature{Enabled: on}, dcfFeature)
		return nil, nil
	}
}

// policyList is the one global list that everybody shares: each write replaces all of it.
func (c *call) policyList() ruleSet {
	set, _ := load[ruleSet](c, kindSingleton, dcfList)
	return set
}

func getPolicyList(c *restCall) (any, error) {
	return map[string]any{"policies": shownRules(c.policyList().Policies)}, nil
}

func putPolicyList(c *restCall) (any, error) {
	var set struct {
		Policies []rule `json:"policies"`
	}
	if err := c.decode(&set, "distributed_firewalling_policy_list.go"); err != nil {
		return nil, err
	}
	if err := c.keep(set.Policies, c.policyList().Policies); err != nil {
		return nil, err
	}
	c.put(kindSingleton, ruleSet{Policies: set.Policies}, dcfList)
	return nil, nil
}

func deletePolicyList(c *restCall) (any, error) {
	c.put(kindSingleton, ruleSet{Policies: []rule{}}, dcfList)
	return nil, nil
}

type defaultAction struct {
	Action     string `json:"action"`
	Logging    bool   `json:"logging"`
	LogProfile string `json:"log_profile,omitempty"`
}

func (c *call) defaultAction() defaultAction {
	d, _ := load[defaultAction](c, kindSingleton, dcfDefault)
	return d
}

func getDefaultAction(c *restCall) (any, error) { return c.defaultAction(), nil }

func putDefaultAction(c *restCall) (any, error) {
	var d defaultAction
	if err := c.decode(&d, "distributed_firewalling_default_action_policy.go"); err != nil {
		return nil, err
	}
	if d.Action != "PERMIT" && d.Action != "DENY" {
		return nil, refuse("Invalid action %q", d.Action)
	}
	c.put(kindSingleton, d, dcfDefault)
	return nil, nil
}

// intraVPC names the VPCs inside which the firewall filters too; elsewhere traffic within a VPC passes.
type intraVPC struct {
	VPCs []map[string]any `json:"vpcs"`
}

func getIntraVPC(c *restCall) (any, error) {
	v, _ := load[intraVPC](&c.call, kindSingleton, dcfIntra)
	if v.VPCs == nil {
		v.VPCs = []map[string]any{}
	}
	return v, nil
}

func putIntraVPC(c *restCall) (any, error) {
	var v struct {
		VPCs []struct {
			VPC     string `json:"vpc_id"`
			Account string `json:"account_name"`
			Region  string `json:"region,omitempty"`
		} `json:"vpcs"`
	}
	if err := c.decode(&v, "distributed_firewalling_intra_vpc.go"); err != nil {
		return nil, err
	}
	c.put(kindSingleton, v, dcfIntra)
	return nil, nil
}

func deleteIntraVPC(c *restCall) (any, error) {
	c.put(kindSingleton, intraVPC{VPCs: []map[string]any{}}, dcfIntra)
	return nil, nil
}
