package aviatrix

import (
	"slices"
	"strings"
)

const dcfDeploy = "deploy-policy"

// The clouds of gateways.
const (
	cloudGoogle = "GCP"
	cloudAzure  = "AZURE"
	cloudAWS    = "AWS"
)

// cloudTypes are the vendor's numbers of clouds (goaviatrix).
var cloudTypes = map[string]int{cloudAWS: 1, cloudGoogle: 4, cloudAzure: 8}

// deployPolicy names the clouds whose gateways apply the distributed firewall's rules. Rules can be written for the
// others, and are not applied there (docs.aviatrix.com, "Configuring Distributed Cloud Firewall").
type deployPolicy struct {
	Providers   []string `json:"providers"`
	SetDefaults bool     `json:"set_defaults"`
}

func (c *call) deployPolicy() deployPolicy {
	p, ok := load[deployPolicy](c, kindSingleton, dcfDeploy)
	if !ok { // guess: nothing written means every cloud
		p = deployPolicy{Providers: []string{cloudAWS, cloudAzure, cloudGoogle}, SetDefaults: true}
	}
	return p
}

func (gw Gateway) cloud() string {
	if gw.Cloud == "" {
		return cloudGoogle
	}
	return strings.ToUpper(gw.Cloud)
}

func (c *call) enforcedOn(gw Gateway) bool {
	return slices.Contains(c.deployPolicy().Providers, gw.cloud())
}

func getDeployPolicy(c *restCall) (any, error) { return c.deployPolicy(), nil }

func putDeployPolicy(c *restCall) (any, error) {
	var p deployPolicy
	if err := c.decode(&p, "distributed_firewalling_deployment_policy.go"); err != nil {
		return nil, err
	}
	for _, provider := range p.Providers {
		if cloudTypes[provider] == 0 {
			return nil, refuse("Invalid provider %q", provider) // guess: the text
		}
	}
	c.put(kindSingleton, p, dcfDeploy)
	return nil, nil
}
