package aviatrix

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers"
)

const (
	actFeature = "get_controller_feature"
	actSets    = "GET microseg/policy-list3"
	actList    = "GET microseg/policy-list"
	actPoints  = "GET microseg/attachment-points"
	actDefault = "GET microseg/default-action-policy"
	actIntra   = "GET microseg/intra-vpc"
	actDeploy  = "GET microseg/deploy-policy"
	actGroups  = "GET app-domains"
)

// firewall reads the distributed firewall, and tells for each gateway whether the firewall is deployed to its cloud.
// Each setting that could not be read makes the rule sets a list that is not whole.
func (s *survey) firewall(ctx context.Context) (reach.Controller, func(machine) bool) {
	c := reach.Controller{Name: s.name, Default: reach.Allow, Enabled: true}
	l := s.look(actSets, "")
	deployed := func(machine) bool { return true }
	on, err := s.firewallOn(ctx)
	switch {
	case unsupported(err), err == nil && !on:
		c.Enabled = false
		l.call = actFeature
		c.Sets = listed[reach.RuleSet](l, nil)
		return c, deployed
	case err != nil:
		l.failed(actFeature, err)
	}
	deployed = s.deployPolicy(ctx, &l)
	s.defaultAction(ctx, &c, &l)
	s.intraVPC(ctx, &c, &l)
	sets := s.ruleSets(ctx, &l)
	members := s.members(ctx, &l)
	var out []reach.RuleSet
	for _, set := range sets {
		one := reach.RuleSet{Object: set.name}
		for _, raw := range set.rules {
			if rule, ok := members.rule(ctx, raw, &l); ok {
				one.Rules = append(one.Rules, rule)
			}
		}
		out = append(out, one)
	}
	c.Sets = listed(l, out)
	return c, deployed
}

// defaultProviders are the clouds to which the firewall is deployed when nobody chose (vendor's client, documentation
// of aviatrix_distributed_firewalling_deployment_policy).
var defaultProviders = []string{"GCP", "AWS", "AWS-GOV", "AZURE-GOV", "AZURE"}

// deployment are the clouds to which the firewall is deployed; known is false where a release has no such policy, and
// the firewall is on every gateway.
func (c *controller) deployment(ctx context.Context, v version) (providers []string, known bool, err error) {
	var policy struct {
		Providers []string `json:"providers"`
		Defaults  bool     `json:"set_defaults"`
	}
	err = c.rest(ctx, resource{method: http.MethodGet, path: "microseg/deploy-policy"}, &policy)
	switch {
	case errors.Is(err, workers.ErrNotFound) && !v.deploys():
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("read deployment of the distributed firewall of %s: %w", c.name, err)
	case policy.Defaults:
		return defaultProviders, true, nil
	}
	return policy.Providers, true, nil
}

// deployedTo tells whether the firewall is deployed to a cloud.
func deployedTo(cloud string, providers []string) bool {
	return slices.ContainsFunc(providers, func(p string) bool { return strings.EqualFold(p, cloud) })
}

// deployPolicy tells for each gateway whether the firewall is deployed to its cloud.
func (s *survey) deployPolicy(ctx context.Context, l *look) func(machine) bool {
	providers, known, err := s.deployment(ctx, s.release)
	if l.failed(actDeploy, err) || !known {
		return func(machine) bool { return true }
	}
	if len(providers) == 0 {
		l.gap(reach.ListNotWhole, actDeploy, "the deployment policy names no cloud, which the vendor does not allow")
	}
	for _, m := range s.machines {
		if clouds[m.Cloud] == "" {
			l.gap(reach.ListNotWhole, actDeploy, "gateway "+m.Name+" is in a cloud that nobody here knows: "+m.cloud())
		}
	}
	return func(m machine) bool { return deployedTo(m.cloud(), providers) }
}

func (s *survey) defaultAction(ctx context.Context, c *reach.Controller, l *look) {
	var action struct {
		Action string `json:"action"`
	}
	err := s.rest(ctx, resource{method: http.MethodGet, path: "microseg/default-action-policy"}, &action)
	if l.failed(actDefault, err) {
		return
	}
	switch action.Action {
	case "PERMIT":
	case "DENY":
		c.Default = reach.Deny
	default:
		l.gap(reach.ListNotWhole, actDefault, "the default action is one that nobody here knows: "+action.Action)
	}
}

// intraVPC reads inside which networks the firewall filters too.
func (s *survey) intraVPC(ctx context.Context, c *reach.Controller, l *look) {
	var list struct {
		VPCs []struct {
			ID      string `json:"vpc_id"`
			Account string `json:"account_name"`
		} `json:"vpcs"`
	}
	err := s.rest(ctx, resource{method: http.MethodGet, path: "microseg/intra-vpc"}, &list)
	if errors.Is(err, workers.ErrNotFound) { // the vendor's client reads an empty list so
		return
	}
	if l.failed(actIntra, err) {
		return
	}
	for _, v := range list.VPCs {
		one := machine{gateway: gateway{VPC: v.ID}, Account: v.Account}
		if !one.google() {
			at := slices.IndexFunc(s.machines, func(m machine) bool { return m.VPC == v.ID && m.Account == v.Account })
			if at < 0 { // no gateway there, so nothing of it is filtered
				continue
			}
			one = s.machines[at]
		}
		if !slices.Contains(c.IntraVPC, one.realm()) {
			c.IntraVPC = append(c.IntraVPC, one.realm())
		}
	}
}
