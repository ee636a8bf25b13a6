package google_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/adapters/simcloud"
)

// BenchmarkCalls measures what one call costs in a world of the default size: the world must not be what a load test
// measures.
func BenchmarkCalls(b *testing.B) {
	s, err := simcloud.Start(b.Context(), simcloud.Options{BGP: simcloud.BGP{Off: true}})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for name, c := range map[string]struct{ method, path, body string }{
		"get connector":   {"GET", vpcRoot + "/connectors/legacy", ""},
		"get service":     {"GET", fn0, ""},
		"list services":   {"GET", runRoot + "/services", ""},
		"router status":   {"GET", edge + "edge-1/getRouterStatus", ""},
		"patch router":    {"PATCH", edge + "edge-1", `{"bgp":{"advertisedIpRanges":[{"range":"10.200.0.1/32"}]}}`},
		"list routes":     {"GET", global + "/routes", ""},
		"world resources": {"GET", "/sim/resources", ""},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				req, err := http.NewRequest(c.method, s.URL()+c.path, strings.NewReader(c.body))
				if err != nil {
					b.Fatal(err)
				}
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		})
	}
}
