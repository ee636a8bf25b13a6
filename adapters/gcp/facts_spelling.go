package gcp

import (
	"context"
	"strings"

	"github.com/culvertnet/culvert/events/reach"
)

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

// placed spells a name that may be short: its last part alone means the one in the place where it is used.
func (s speller) placed(name, place string, of *source) string {
	if !strings.Contains(name, "/") {
		name = place + "/" + name
	}
	return s.name(name, of)
}

// same tells whether a reference means the thing with a full name. A project's number is looked up only where the rest
// is equal.
func (s speller) same(link, name string, of *source) bool {
	return link != "" && base(link) == base(name) && s.name(link, of) == name
}

func (s speller) realm(link string, of *source) reach.Realm { return reach.Realm(s.name(link, of)) }
