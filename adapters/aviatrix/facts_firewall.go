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

// firewall is the distributed firewall, and for each gateway whether it is deployed to the gateway's cloud.
type firewall struct {
	controller reach.Controller
	deployed   func(machine) bool
}

// firewall reads the distributed firewall. Each setting that could not be read makes the rule sets a list that is not
// whole.
func (s *survey) firewall(ctx context.Context) firewall {
	out := firewall{reach.Controller{Name: s.name, Default: reach.Allow, Enabled: true},
		func(machine) bool { return true }}
	c := &out.controller
	l := s.look(actSets, "")
	on, err := s.firewallOn(ctx)
	switch {
	case unsupported(err), err == nil && !on:
		c.Enabled = false
		l.call = actFeature
		c.Sets = listed[reach.RuleSet](l, nil)
		return out
	case err != nil:
		l.failed(actFeature, err)
	}
	var providers deployment
	var action answered[defaultAction]
	var inside answered[intraVPC]
	var sets rawSets
	var groups answered[map[string]group]
	together(func() { providers = s.deploys(ctx) },
		func() { action = ask[defaultAction](ctx, s, "microseg/default-action-policy") },
		func() { inside = ask[intraVPC](ctx, s, "microseg/intra-vpc") }, func() { sets = s.readSets(ctx) },
		func() { groups.told, groups.err = s.groups(ctx) })
	out.deployed = s.deployPolicy(providers, &l)
	action.told.into(c, action.err, &l)
	inside.told.into(c, s, inside.err, &l)
	ordered := s.ordered(ctx, sets, &l)
	l.failed(actGroups, groups.err)
	members := s.members(groups.told)
	var all []reach.RuleSet
	for _, set := range ordered {
		one := reach.RuleSet{Object: set.name}
		for _, raw := range set.rules {
			if rule, ok := members.rule(raw, &l); ok {
				one.Rules = append(one.Rules, rule)
			}
		}
		all = append(all, one)
	}
	c.Sets = listed(l, all)
	return out
}

// answered is what a call told, or why it did not.
type answered[T any] struct {
	told T
	err  error
}

func ask[T any](ctx context.Context, s *survey, path string) (out answered[T]) {
	out.err = s.rest(ctx, resource{method: http.MethodGet, path: path}, &out.told)
	return out
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

// deployedTo tells whether the firewall is deployed to a cloud. guess: a policy that names none deploys to none; the
// vendor's client takes at least one.
func deployedTo(cloud string, providers []string) bool {
	return slices.ContainsFunc(providers, func(p string) bool { return strings.EqualFold(p, cloud) })
}

// deployment is what the deployment policy told.
type deployment struct {
	providers []string
	known     bool
	err       error
}

func (s *survey) deploys(ctx context.Context) (out deployment) {
	out.providers, out.known, out.err = s.deployment(ctx, s.release)
	return out
}

// deployPolicy tells for each gateway whether the firewall is deployed to its cloud.
func (s *survey) deployPolicy(told deployment, l *look) func(machine) bool {
	if l.failed(actDeploy, told.err) || !told.known {
		return func(machine) bool { return true }
	}
	if len(told.providers) == 0 {
		l.gap(reach.ListNotWhole, actDeploy, "the deployment policy names no cloud, which the vendor does not allow")
	}
	for _, m := range s.machines {
		if clouds[m.Cloud] == "" {
			l.gap(reach.ListNotWhole, actDeploy, "gateway "+m.Name+" is in a cloud that nobody here knows: "+m.cloud())
		}
	}
	return func(m machine) bool { return deployedTo(m.cloud(), told.providers) }
}

// defaultAction is what the firewall does with what no rule names.
type defaultAction struct {
	Action string `json:"action"`
}

func (a defaultAction) into(c *reach.Controller, err error, l *look) {
	if l.failed(actDefault, err) {
		return
	}
	switch a.Action {
	case "PERMIT":
	case "DENY":
		c.Default = reach.Deny
	default:
		l.gap(reach.ListNotWhole, actDefault, "the default action is one that nobody here knows: "+a.Action)
	}
}

// intraVPC are the networks inside which the firewall filters too.
type intraVPC struct {
	VPCs []struct {
		ID      string `json:"vpc_id"`
		Account string `json:"account_name"`
	} `json:"vpcs"`
}

func (list intraVPC) into(c *reach.Controller, s *survey, err error, l *look) {
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
