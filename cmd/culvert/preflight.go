package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/adapters/httpapi"
)

// preflightRun asks what the workers lack, for an intent or for everything.
func (c *cli) preflightRun(ctx context.Context, file string) error {
	var event []byte
	if file != "" {
		raw, err := c.read(file)
		if err != nil {
			return err
		}
		if event, err = toJSON(raw); err != nil {
			return fmt.Errorf("read %s: %w", file, err)
		}
	}
	p, err := c.api().Preflight(ctx, event)
	if err != nil {
		return err
	}
	if err := c.print(p, func() { c.preflighted(p) }); err != nil {
		return err
	}
	switch {
	case p.Missing > 0:
		return exitFailed
	case p.Unknown > 0:
		return exitUnasked
	}
	return nil
}

func (c *cli) preflighted(p httpapi.Preflight) {
	for _, l := range p.Findings {
		state := string(l.State)
		if l.Optional != "" {
			state += ", optional"
		}
		fmt.Fprintf(c.out, "%s: %s %s", state, l.What, l.Name)
		if l.Project != "" {
			fmt.Fprintf(c.out, " in project %s", l.Project)
		}
		fmt.Fprintln(c.out)
		for _, part := range []struct{ label, text string }{
			{"for", strings.Join(l.Fields, "; ")}, {"why", l.Why}, {"without it", l.Optional}, {"remedy", l.Remedy},
		} {
			if part.text != "" {
				fmt.Fprintf(c.out, "  %s: %s\n", part.label, part.text)
			}
		}
	}
	for _, line := range askedAs(p.Identities) {
		fmt.Fprintln(c.out, line)
	}
	fmt.Fprintf(c.out, "%d there, %d missing, %d could not be asked, %d optional; asked by %d workers\n", p.There,
		p.Missing, p.Unknown, len(p.Findings)-p.Missing-p.Unknown, len(p.Workers))
}

// askedAs tells as whom the projects were asked: one line for each identity.
func askedAs(identities map[string][]string) []string {
	projects := map[string][]string{}
	for _, project := range slices.Sorted(maps.Keys(identities)) {
		for _, name := range identities[project] {
			projects[name] = append(projects[name], project)
		}
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(projects)) {
		lines = append(lines, fmt.Sprintf("asked as %s: %s", name, strings.Join(projects[name], ", ")))
	}
	return lines
}
