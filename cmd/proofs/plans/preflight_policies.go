package plans

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v4"

	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/workers"
)

// policiesInTurn lets each organisation policy of the list forbid everything in the project where it is read: some
// intent that is about it is told so, and is told nothing in a world without it.
func (p *preflightProof) policiesInTurn(ctx context.Context) error {
	events, err := p.policyEvents()
	if err != nil {
		return err
	}
	named := 0
	for _, policy := range p.list.Policies {
		project := map[string]string{"network": "acme-net", "service": "acme-prod"}[policy.Where]
		rule, state, code := "denyAll: true", workers.Missing, 1
		if !hasValues(policy.Uses[0].Values, policy.Uses[0].From) {
			rule = "enforce: true"
		}
		if policy.Unjudged != "" {
			state, code = workers.Unknown, 7
		}
		lines := fmt.Sprintf("  orgPolicies: [{project: %s, constraint: %s, %s}]\n", project, policy.Constraint, rule)
		var miss error = fmt.Errorf("no intent is told")
		for _, event := range events {
			v, got, err := p.ask(ctx, lines, "-f", event)
			if err != nil {
				return err
			}
			if len(v.Findings) == 0 && got == 0 {
				continue // this intent does not ask for what the policy is about
			}
			miss = proof.Need(got == code && len(v.Findings) == 1 && v.Findings[0].Name == policy.Constraint &&
				v.Findings[0].Project == project && v.Findings[0].State == state, "exit code %d, found %v", got,
				v.Findings)
			break
		}
		if miss == nil {
			named++
		}
		p.table.Row(miss, "policy", policy.Constraint, project, string(state))
	}
	fmt.Printf("organisation policies, each in force in turn: %d of %d are named alone\n", named, len(p.list.Policies))
	return nil
}

func hasValues(values []string, from string) bool { return len(values) > 0 || from != "" }

// policyEvents are intents that together ask for everything that a policy may forbid, as files.
func (p *preflightProof) policyEvents() ([]string, error) {
	forbid := func(in, _ map[string]any) { in["publicAccess"] = "forbid" }
	var files []string
	for _, of := range []struct {
		example string
		change  func(ingress, egress map[string]any)
	}{
		{"private-service-attachment", forbid}, {"private-service-direct", nil}, {"private-service-connector", nil},
		{"private-service", forbid},
	} {
		raw, err := os.ReadFile("examples/" + of.example + ".yaml")
		if err != nil {
			return nil, err
		}
		var event map[string]any
		if err := yaml.Unmarshal(raw, &event); err != nil {
			return nil, fmt.Errorf("read %s: %w", of.example, err)
		}
		data, _ := event["data"].(map[string]any)
		ingress, _ := data["ingress"].(map[string]any)
		egress, _ := data["egress"].(map[string]any)
		if of.change != nil {
			of.change(ingress, egress)
		}
		body, err := json.Marshal(event)
		if err != nil {
			return nil, err
		}
		file := filepath.Join(p.Dir, of.example+".json")
		if err := os.WriteFile(file, body, 0o600); err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}
