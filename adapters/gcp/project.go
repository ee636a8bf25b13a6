package gcp

import (
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

// projectIDs remembers which number is which project. It is safe for concurrent use.
type projectIDs struct {
	mu    sync.Mutex
	known map[string]projectID
}

type projectID struct {
	id    string
	until time.Time // zero is for ever: neither id nor number of a project changes
}

func (p *projectIDs) get(number string, now time.Time) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	have, ok := p.known[number]
	return have.id, ok && (have.until.IsZero() || now.Before(have.until))
}

func (p *projectIDs) put(number string, is projectID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil {
		p.known = map[string]projectID{}
	}
	p.known[number] = is
}

// projectID is the id of a project that is named by its number. One that may not be looked up keeps its number: who
// compares it has to reckon with either. (The discovery document's pattern of a project takes numbers.)
func (c *Client) projectID(ctx context.Context, number string) string {
	if id, ok := c.ids.get(number, c.now()); ok {
		return id
	}
	got, err := c.projects.Get(ctx, &computepb.GetProjectRequest{Project: number}, once())
	if err != nil || got.GetName() == "" {
		c.ids.put(number, projectID{number, c.now().Add(unknownFor)})
		return number
	}
	c.ids.put(number, projectID{id: got.GetName()})
	return got.GetName()
}

// named gives the name of a resource in its one form: without host and version, its project by its id.
func (c *Client) named(ctx context.Context, link string) string {
	name := relative(link)
	project := segment(name, "projects")
	if !isNumber(project) {
		return name
	}
	return strings.Replace(name, "projects/"+project+"/", "projects/"+c.projectID(ctx, project)+"/", 1)
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
