package recorded

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
)

// enoughFields is the share of fields that a row must have as recorded.
const enoughFields = 0.95

// recordedSpeed makes the vendor's minutes microseconds.
const recordedSpeed = 1e7

// servedServices are the services that the world speaks; requests to others are listed apart.
var servedServices = []string{"compute", "vpcaccess", "dns", "run", "cloudfunctions"}

// recorded replays exchanges that somebody recorded against Google Cloud and compares the simulated world's answers
// with them: statuses, field names and types, error bodies, forms of kinds and links.
func recorded(ctx context.Context, s lab.Settings) error {
	files, err := filepath.Glob(filepath.Join(s.Fixtures, "*.log"))
	if err != nil {
		return err
	}
	if s.Fixtures == "" || len(files) == 0 {
		return fmt.Errorf("no *.log in %q: give the folder with --fixtures", s.Fixtures)
	}
	t := &proof.Table{Header: "log kind requests statuses fields missing extra types have strict reasons forms values"}
	apart := map[string]int{}
	var total comparison
	for _, file := range files {
		if s.Only != "" && !strings.Contains(file, s.Only) {
			continue
		}
		rows, err := recordedLog(ctx, file, apart)
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		for _, kind := range slices.Sorted(maps.Keys(rows)) {
			c := rows[kind]
			t.Row(c.verdict(), c.cells(strings.TrimSuffix(filepath.Base(file), ".http.log"), kind)...)
			total.add(c)
			if s.Keep {
				c.explain()
			}
		}
	}
	t.Row(errors.Join(total.verdict(), proof.Need(total.strict() >= enoughFields, "fields: with the extra ones %.1f%%",
		100*total.strict())), total.cells("all", fmt.Sprintf("%d kinds", len(t.Rows)))...)
	err = t.Print()
	printLines("extra fields, in our answer and not in the recorded one", paths(total.extra))
	printLines("forms that read differently", distinct(total.forms))
	fmt.Println("apart, since the world has no such service or kind:")
	for _, kind := range slices.Sorted(maps.Keys(apart)) {
		fmt.Printf("  %4d  %s\n", apart[kind], kind)
	}
	return err
}

// recordedLog replays one log against a world of its own.
func recordedLog(ctx context.Context, file string, apart map[string]int) (map[string]*comparison, error) {
	list, unread, err := readLog(file)
	if err != nil {
		return nil, err
	}
	for _, line := range unread {
		fmt.Println("not read:", line)
		apart["not read"]++
	}
	n := newNames()
	projects := recordedProjects(list, n)
	scenario, err := recordedScenario(projects)
	if err != nil {
		return nil, err
	}
	server, err := simcloud.Start(ctx, simcloud.Options{
		World: world.Config{Speed: recordedSpeed, Seed: 1}, Scenario: scenario, BGP: simcloud.BGP{Off: true},
	})
	if err != nil {
		return nil, err
	}
	r := &replay{root: server.URL(), names: n}
	rows, err := recordedRows(ctx, r, projects, list, apart)
	return rows, errors.Join(err, server.Close())
}

func recordedRows(ctx context.Context, r *replay, projects []string, list []exchange,
	apart map[string]int) (map[string]*comparison, error) {
	for _, id := range projects {
		if err := r.prior(ctx, id); err != nil {
			return nil, err
		}
	}
	rows, unserved := map[string]*comparison{}, map[string]int{}
	for _, e := range list {
		if !slices.Contains(servedServices, e.service()) {
			apart[e.kind()]++
			continue
		}
		got, err := r.send(ctx, e)
		if ended := ctx.Err(); ended != nil {
			return nil, ended
		}
		if err == nil && got.unserved() {
			unserved[e.kind()]++
			continue
		}
		if rows[e.kind()] == nil {
			rows[e.kind()] = &comparison{}
		}
		if err != nil { // the others are still worth their comparison
			rows[e.kind()].unsent(e, err)
			continue
		}
		rows[e.kind()].compare(e, got)
	}
	for kind, count := range unserved {
		if row := rows[kind]; row != nil { // a kind that the world has, and a method of it that it does not
			row.requests += count
			row.statusNotes = append(row.statusNotes,
				fmt.Sprintf("%s: %d requests with methods that the world does not have", kind, count))
			continue
		}
		apart[kind] += count
	}
	return rows, nil
}

// add sums up.
func (c *comparison) add(o *comparison) {
	c.requests, c.statuses, c.fields = c.requests+o.requests, c.statuses+o.statuses, c.fields+o.fields
	c.refusals, c.reasons = c.refusals+o.refusals, c.reasons+o.reasons
	c.missing, c.extra, c.mistyped = append(c.missing, o.missing...), append(c.extra, o.extra...),
		append(c.mistyped, o.mistyped...)
	c.forms, c.values = append(c.forms, o.forms...), append(c.values, o.values...)
	c.statusNotes, c.notes = append(c.statusNotes, o.statusNotes...), append(c.notes, o.notes...)
}

// cells are a row of the table. Values that differ are shown and not judged: most are the caller's or a moment's.
func (c *comparison) cells(log, kind string) []any {
	return []any{log, kind, c.requests, fmt.Sprintf("%d/%d", c.statuses, c.requests), c.fields, len(c.missing),
		len(c.extra), len(c.mistyped),
		fmt.Sprintf("%.1f%%", 100*c.agreement()), fmt.Sprintf("%.1f%%", 100*c.strict()),
		fmt.Sprintf("%d/%d", c.reasons, c.refusals), len(c.forms), len(c.values)}
}

func (c *comparison) verdict() error {
	first := func(list []string) string { return list[0] }
	switch {
	case c.statuses != c.requests:
		return errors.New(first(c.statusNotes))
	case c.reasons != c.refusals:
		return errors.New(first(c.notes))
	case c.agreement() < enoughFields:
		return fmt.Errorf("fields: missing %s; extra %s", brief(c.missing), brief(c.extra))
	}
	return nil
}

// paths takes the methods off, and the fields inside what is extra itself.
func paths(lines []string) []string {
	var out []string
	for _, line := range distinct(lines) {
		_, kindAndPath, _ := strings.Cut(line, " ")
		top, inside := strings.CutSuffix(kindAndPath, "[]")
		if i := strings.LastIndex(top, "."); !inside &&
			(i < 0 || !slices.Contains(out, top[:i]) && !slices.Contains(out, strings.TrimSuffix(top[:i], "[]"))) {
			out = append(out, kindAndPath)
		}
	}
	return distinct(out)
}

func printLines(title string, lines []string) {
	fmt.Printf("%s: %d\n", title, len(lines))
	for _, line := range lines {
		fmt.Println("  ", line)
	}
}

func distinct(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }

// brief names a list's different lines, the first few.
func brief(list []string) string {
	list = distinct(list)
	return fmt.Sprint(list[:min(len(list), 6)])
}

// explain prints every difference (--keep).
func (c *comparison) explain() {
	for what, list := range map[string][]string{"status": c.statusNotes, "reason": c.notes, "form": c.forms,
		"missing": c.missing,
		"extra":   c.extra, "type": c.mistyped, "value": c.values} {
		for _, line := range distinct(list) {
			fmt.Println("   ", what+":", line)
		}
	}
}

var projectOf = regexp.MustCompile(`projects/([^/?:"\s]+)`)

// recordedProjects are the projects that a log's addresses speak of.
func recordedProjects(list []exchange, n *names) []string {
	projects := []string{recordedProject}
	for _, e := range list {
		for _, m := range projectOf.FindAllStringSubmatch(e.path, -1) {
			if id := n.expand(m[1], nil); !slices.Contains(projects, id) {
				projects = append(projects, id)
			}
		}
	}
	return projects
}

// recordedScenario is a world of empty projects.
func recordedScenario(projects []string) ([]byte, error) {
	var all []map[string]any
	for i, id := range projects {
		number := recordedNumber
		if i > 0 {
			number = fmt.Sprint(200000000000 + i)
		}
		all = append(all, map[string]any{"id": id, "number": number, "hash": recordedHash})
	}
	return yaml.Marshal(map[string]any{"google": map[string]any{"projects": all}})
}
