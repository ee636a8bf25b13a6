package bgp

import "github.com/culvertnet/culvert/adapters/simcloud/world"

const (
	kindPath      = "path"      // what a speaker was asked to announce: for the ledger
	kindSiteRoute = "siteRoute" // what the site has learned: for the resources
)

// project shows what has arrived at the site, not what was asked for: a path that no speaker holds any more is no
// resource.
func project(kind, name string, doc world.Doc) []world.Item {
	if kind != kindSiteRoute {
		return nil
	}
	return []world.Item{{Kind: kind, Name: name, Value: world.Text(doc)}}
}
