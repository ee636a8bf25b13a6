package aviatrix_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/culvertnet/culvert/adapters/simcloud/aviatrix"
	"github.com/culvertnet/culvert/examples"
)

// defaultRig serves the controllers of the default world.
func defaultRig(t *testing.T) *rig {
	t.Helper()
	var file struct {
		Aviatrix aviatrix.Scenario `yaml:"aviatrix"`
	}
	if err := yaml.Unmarshal(examples.World, &file); err != nil {
		t.Fatal(err)
	}
	return serve(t, "", file.Aviatrix)
}

func TestTheDefaultWorld(t *testing.T) {
	r := defaultRig(t)
	r.clean()
	old, young := r.login("avx-82"), r.login("avx-100")
	spoke := row(t, old, "gcp-spoke-1")
	if spoke["vpc_state"] != "UP" || spoke["vpc_id"] != "spoke-vpc~-~acme-net" || spoke["private_ip"] != "10.10.0.2" {
		t.Errorf("gcp-spoke-1: %v", spoke)
	}
	if got := texts(spoke["advertise_cidr_list"]); !slices.Contains(got, "10.10.0.0/24") ||
		len(texts(spoke["include_cidr_list"])) != 0 {
		t.Errorf("gcp-spoke-1 advertises its default: %v", got)
	}
	young.refused("Invalid action", "list_fqdn_filter_tags")
	if set := foreign(t, young); len(set["policies"].([]any)) != 2 {
		t.Errorf("foreign rules: %v", set)
	}

	list := append(texts(spoke["advertise_cidr_list"]), "10.200.0.5/32")
	old.must("edit_gateway_advertised_cidr", "gateway_name", "gcp-spoke-1", "cidr", strings.Join(list, ","))
	r.clock.pass(time.Second)
	for name, told := range map[string]bool{"site-1": true, "site-2": true, "site-3": true, "site-manual": false,
		"site-apart": false, "site-down": false} {
		if got := texts(connection(old, name)["advertised_cidrs"]); slices.Contains(got, "10.200.0.5/32") != told {
			t.Errorf("%s is told the prefix: want %t, told %v", name, told, got)
		}
	}
	old.must("edit_gateway_advertised_cidr", "gateway_name", "gcp-spoke-1", "cidr", "")
	r.clean()
}
