package google_test

import (
	"slices"
	"strings"
	"testing"

	compute "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"
	"go.yaml.in/yaml/v4"
	"google.golang.org/protobuf/proto"

	"github.com/culvertnet/culvert/adapters/simcloud/google"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

const shared = `projects:
  - {id: net, number: "11", hash: aaaaaaaaaa, host: true}
  - {id: app, number: "22", hash: bbbbbbbbbb, attachedTo: net}
  - {id: data, number: "33", hash: cccccccccc, attachedTo: net}
  - {id: alone, number: "44", hash: dddddddddd}
`

func TestAttachmentsOfASharedVPC(t *testing.T) {
	r := scenarioRig(t, "google:\n  "+strings.ReplaceAll(strings.TrimSpace(shared), "\n", "\n  ")+"\n")
	client := must[*compute.ProjectsClient](t)(compute.NewProjectsRESTClient(t.Context(), vendorsClient(r)...))
	attached := func(project string, size uint32) []string {
		var out []string
		it := client.GetXpnResources(t.Context(), &computepb.GetXpnResourcesProjectsRequest{
			Project: project, MaxResults: proto.Uint32(size)})
		for _, resource := range every(t, it.Next) {
			out = append(out, resource.GetType()+" "+resource.GetId())
		}
		return out
	}
	for _, size := range []uint32{500, 1} {
		if got := attached("net", size); !slices.Equal(got, []string{"PROJECT app", "PROJECT data"}) {
			t.Errorf("attached to the host, pages of %d: %v", size, got)
		}
	}
	for _, project := range []string{"app", "alone"} {
		if got := attached(project, 500); len(got) != 0 {
			t.Errorf("attached to %s: %v", project, got)
		}
	}
	for project, want := range map[string]string{"app": "net", "22": "net", "net": "", "alone": ""} {
		got := must[*computepb.Project](t)(client.GetXpnHost(t.Context(),
			&computepb.GetXpnHostProjectRequest{Project: project}))
		if got.GetName() != want || want != "" && (got.GetId() != 11 || got.GetXpnProjectStatus() != "HOST") {
			t.Errorf("host of %s: %v", project, got)
		}
	}
	r.refused(no{403, "permission"}, "GET", "/compute/v1/projects/nobody/getXpnHost", nil)
	r.clean()
}

// A scenario that attaches a project to no host contradicts itself.
func TestOnlyAHostHasAttachments(t *testing.T) {
	for _, change := range [][2]string{{"host: true", "host: false"}, {"attachedTo: net", "attachedTo: nobody"},
		{"attachedTo: net", "attachedTo: net, host: true"}} {
		var s google.Scenario
		if err := yaml.Unmarshal([]byte(strings.Replace(shared, change[0], change[1], 1)), &s); err != nil {
			t.Fatal(err)
		}
		w := must[*world.World](t)(world.Open(world.Config{}))
		if _, err := google.New(w, s); err == nil || !strings.Contains(err.Error(), "want a host project") {
			t.Errorf("%s instead of %s: %v", change[1], change[0], err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
}
