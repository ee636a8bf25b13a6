package gcp

import (
	"context"
	"strings"
	"sync"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/culvertnet/culvert/events/reach"
)

// projectNumbers remembers the ids of projects by their numbers; neither ever changes.
type projectNumbers struct {
	mu  sync.Mutex
	ids map[string]string
}

// projectID is the id of a project that is named by its id or its number.
func (c *Client) projectID(ctx context.Context, project string) (string, error) {
	if !isNumber(project) {
		return project, nil
	}
	c.numbers.mu.Lock()
	id := c.numbers.ids[project]
	c.numbers.mu.Unlock()
	if id != "" {
		return id, nil
	}
	got, err := c.projects.Get(ctx, &computepb.GetProjectRequest{Project: project}, once())
	if err != nil {
		return "", err
	}
	c.numbers.mu.Lock()
	defer c.numbers.mu.Unlock()
	if c.numbers.ids == nil {
		c.numbers.ids = map[string]string{}
	}
	c.numbers.ids[project] = got.GetName()
	return got.GetName(), nil
}

// A speller brings the vendor's names into one spelling: full, without host and API version, with the project's id.
type speller struct {
	// home is the project of names that leave it out.
	home string
	// lookup gives the id of a project, or why it is not known.
	lookup func(project string) (string, []reach.Gap)
}

func (c *Client) speller(ctx context.Context, home string) speller {
	return speller{home, func(project string) (string, []reach.Gap) {
		asked := c.source("projects.get", "projects/"+project)
		id, err := c.projectID(ctx, project)
		asked.failed(c, err)
		return id, asked.gaps
	}}
}

// name spells a name. One whose project is known by its number alone stays as it is, and the list that needs it is not
// whole.
func (s speller) name(link string, of *source) string {
	name := relative(link)
	for _, scope := range []string{"global/", "regions/", "zones/", "locations/"} {
		if strings.HasPrefix(name, scope) {
			name = "projects/" + s.home + "/" + name
		}
	}
	project := segment(name, "projects")
	if !isNumber(project) {
		return name
	}
	id, gaps := s.lookup(project)
	if len(gaps) > 0 {
		of.add(source{at: of.at, gaps: gaps})
		return name
	}
	return strings.Replace(name, "projects/"+project+"/", "projects/"+id+"/", 1)
}

// same tells whether a reference means the thing with a full name. A project's number is looked up only where the rest
// is equal.
func (s speller) same(link, name string, of *source) bool {
	return link != "" && base(link) == base(name) && s.name(link, of) == name
}

func (s speller) realm(link string, of *source) reach.Realm { return reach.Realm(s.name(link, of)) }
