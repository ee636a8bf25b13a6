package gcp

import (
	"context"
	"fmt"
	"slices"

	"google.golang.org/api/run/v2"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/egress"
)

const (
	invokerRole = "roles/run.invoker"
	// policyVersion 3 shows conditional bindings; an older one would lose their conditions on the way back.
	policyVersion = 3
)

// Invokers reads the members of the unconditional binding. A conditional grant is another's affair and stays untouched.
func (s services) Invokers(ctx context.Context, ref egress.ServiceRef) (members []string, etag string, err error) {
	name, err := s.invokable(ctx, ref)
	if err != nil {
		return nil, "", err
	}
	policy, err := s.policy(ctx, name)
	if err != nil {
		return nil, "", err
	}
	if b := invokerBinding(policy); b != nil {
		members = slices.Sorted(slices.Values(b.Members))
	}
	return members, policy.Etag, nil
}

// SetInvokers writes the policy as read with other members of that one binding. The vendor compares the etag.
func (s services) SetInvokers(ctx context.Context, ref egress.ServiceRef, members []string, etag string) error {
	name, err := s.invokable(ctx, ref)
	if err != nil {
		return absent(err)
	}
	policy, err := s.policy(ctx, name)
	if err != nil {
		return absent(err)
	}
	if policy.Etag != etag {
		return workers.Retry(
			"changed", 0, fmt.Errorf("invoker policy of %s has etag %q, not %q", ref.Name, policy.Etag, etag),
		)
	}
	b := invokerBinding(policy)
	if b == nil {
		b = &run.GoogleIamV1Binding{Role: invokerRole}
		policy.Bindings = append(policy.Bindings, b)
	}
	b.Members = slices.Clone(members)
	policy.Bindings = slices.DeleteFunc(
		policy.Bindings, func(b *run.GoogleIamV1Binding) bool { return len(b.Members) == 0 },
	)
	policy.Version = policyVersion
	set := &run.GoogleIamV1SetIamPolicyRequest{Policy: policy}
	_, err = s.run.Projects.Locations.Services.SetIamPolicy(name, set).Context(ctx).Do()
	return s.fail(call{name: "services.setIamPolicy", kind: writes}, err)
}

func (s services) policy(ctx context.Context, name string) (*run.GoogleIamV1Policy, error) {
	get := s.run.Projects.Locations.Services.GetIamPolicy(name).OptionsRequestedPolicyVersion(policyVersion)
	policy, err := get.Context(ctx).Do()
	return policy, s.fail(call{name: "services.getIamPolicy"}, err)
}

// invokable is the Run service whose policy admits callers.
func (s services) invokable(ctx context.Context, ref egress.ServiceRef) (string, error) {
	switch ref.Platform {
	case platformRun:
		return runName(ref), nil
	case platformFunctions:
		got, err := s.readFunction(ctx, ref)
		if err != nil {
			return "", err
		}
		if got.ServiceConfig.Service == "" {
			return "", workers.Refuse("invalid", "function %s names no service behind it", functionName(ref))
		}
		return got.ServiceConfig.Service, nil
	}
	return "", noPlatform(ref)
}

func invokerBinding(p *run.GoogleIamV1Policy) *run.GoogleIamV1Binding {
	for _, b := range p.Bindings {
		if b.Role == invokerRole && b.Condition == nil {
			return b
		}
	}
	return nil
}
