package saga

import (
	"fmt"
	"strings"
)

// Diagram draws a plan in Mermaid. It comes from the same data that runs, so it cannot lie.
func Diagram(p Plan) string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	var checks []string
	needed := map[string]bool{}
	for _, n := range p.Nodes {
		shape := "[%s]"
		if n.Check {
			shape = "{{%s}}"
			checks = append(checks, n.Name)
		}
		fmt.Fprintf(&b, "  %s"+shape+"\n", n.Name, n.Name)
		for _, need := range n.After {
			needed[need] = true
		}
	}
	fmt.Fprintf(&b, "  %s([%s])\n", ProveStep, ProveStep)
	for _, n := range p.Nodes {
		if !n.Check && !afterStep(p, n) {
			edgesFromChecks(&b, p, checks, n)
		}
		for _, need := range n.After {
			if before, _ := p.Node(need); !before.Check || n.Check {
				fmt.Fprintf(&b, "  %s --> %s\n", need, n.Name)
			}
		}
		if !n.Check && !needed[n.Name] {
			fmt.Fprintf(&b, "  %s --> %s\n", n.Name, ProveStep)
		}
	}
	return b.String()
}

// edgesFromChecks draws what a step without another step before it waits for: the checks that no other check stands
// for.
func edgesFromChecks(b *strings.Builder, p Plan, checks []string, n Node) {
	for _, c := range checks {
		if !feedsCheck(p, c) {
			fmt.Fprintf(b, "  %s --> %s\n", c, n.Name)
		}
	}
}

// afterStep tells whether a step comes after another one with an effect.
func afterStep(p Plan, n Node) bool {
	for _, need := range n.After {
		if before, _ := p.Node(need); !before.Check {
			return true
		}
	}
	return false
}

// feedsCheck tells whether another check comes after this one, which then stands for both.
func feedsCheck(p Plan, check string) bool {
	for _, n := range p.Nodes {
		if !n.Check {
			continue
		}
		for _, need := range n.After {
			if need == check {
				return true
			}
		}
	}
	return false
}
