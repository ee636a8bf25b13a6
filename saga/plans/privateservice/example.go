package privateservice

// example is the data of the intent whose plan explains the kind: a way in over BGP, a way out through a connector and
// a filter.
const example = `{
	"service": {"platform": "cloud-functions", "generation": 2, "project": "acme-prod", "region": "europe-west3", "name": "python-http-function"},
	"network": "projects/acme-net/global/networks/spoke-vpc",
	"ingress": {
		"target": {"googleApisBundle": "all-apis"}, "address": {"pool": "psc-frankfurt"}, "names": {"hostnames": "auto"},
		"announce": [{"via": "bgp", "speaker": "site-edge", "nextHop": "10.9.0.1"}],
		"invokers": ["serviceAccount:partner@acme-prod.iam.gserviceaccount.com"], "publicAccess": "forbid"
	},
	"egress": {
		"connector": {"ipCidrRange": "10.8.0.0/28"}, "vpcEgress": "all-traffic",
		"googleAccess": {"subnetworks": ["projects/acme-net/regions/europe-west3/subnetworks/workloads"]},
		"filter": {"via": "gcp-firewall", "default": "deny", "allow": [{"fqdn": "qa1.backend.example", "protocol": "tcp", "ports": ["443"]}]}
	}
}`
