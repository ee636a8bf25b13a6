package gcp

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"
)

// A project has an id and a number, and the APIs take both in a name and give back what was set: a connector that a
// pipeline named by its project's number is the same connector. What is read is brought to one form here, once, so that
// nobody behind this package compares spellings.

// unknownFor is how long a number that could not be looked up is left alone.
const unknownFor = 10 * time.Minute

// projectIDs remembers which number is which project, and which could not be looked up. It is safe for concurrent use.
type projectIDs struct {
	mu      sync.Mutex
	known   map[string]string
	unknown map[string]time.Time
}

func (p *projectIDs) get(number string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.known[number]
}

func (p *projectIDs) put(number, id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil {
		p.known = map[string]string{}
	}
	p.known[number] = id
}

// leave leaves a number alone until then; left tells whether one is left alone.
func (p *projectIDs) leave(number string, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.unknown == nil {
		p.unknown = map[string]time.Time{}
	}
	p.unknown[number] = until
}

func (p *projectIDs) left(number string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return now.Before(p.unknown[number])
}

// projectID is the id of a project that is named by its id or its number. Neither ever changes. (The discovery
// document's pattern of a project takes numbers.)
func (c *Client) projectID(ctx context.Context, project string) (string, error) {
	if !isNumber(project) {
		return project, nil
	}
	if id := c.ids.get(project); id != "" {
		return id, nil
	}
	got, err := c.projects.Get(ctx, &computepb.GetProjectRequest{Project: project}, once())
	if err != nil {
		return "", err
	}
	c.ids.put(project, got.GetName())
	return got.GetName(), nil
}

// project is the id of a project likewise. One that may not be looked up keeps its number, and is left alone for a
// while: who compares it has to reckon with either.
func (c *Client) project(ctx context.Context, project string) string {
	if c.ids.left(project, c.now()) {
		return project
	}
	id, err := c.projectID(ctx, project)
	if err != nil || id == "" {
		c.ids.leave(project, c.now().Add(unknownFor))
		return project
	}
	return id
}

// known is the id of a project likewise, as far as it is known already.
func (c *Client) known(project string) string { return cmp.Or(c.ids.get(project), project) }

// named gives the name of a resource in its one form: without host and version, its project by its id.
func (c *Client) named(ctx context.Context, link string) string {
	name := relative(link)
	project := segment(name, "projects")
	if !isNumber(project) {
		return name
	}
	return strings.Replace(name, "projects/"+project+"/", "projects/"+c.project(ctx, project)+"/", 1)
}

// full is a name that may be short: its last part alone means the one in the place where it is used.
func (c *Client) full(ctx context.Context, name, place string) string {
	if name == "" || strings.Contains(name, "/") {
		return c.named(ctx, name)
	}
	return place + "/" + name
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 64)
	return err == nil
}
