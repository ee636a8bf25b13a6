package gcp

import "slices"

// The APIs that this package calls, by the first label of their hosts, which is also what gcloud's properties
// api_endpoint_overrides/NAME and the list of permissions call them.
const (
	apiCompute              = "compute"
	apiVPCAccess            = "vpcaccess"
	apiDNS                  = "dns"
	apiRun                  = "run"
	apiCloudFunctions       = "cloudfunctions"
	apiMonitoring           = "monitoring"
	apiNetworkConnectivity  = "networkconnectivity"
	apiCloudResourceManager = "cloudresourcemanager"
	apiServiceUsage         = "serviceusage"
	apiOrgPolicy            = "orgpolicy"
	// apiIAMCredentials gives the tokens of service accounts that are impersonated; nothing else is asked of it.
	apiIAMCredentials = "iamcredentials"
)

// apis are all of them. A test holds them against the list of permissions, and each against a call.
var apis = []string{apiCloudFunctions, apiCloudResourceManager, apiCompute, apiDNS, apiIAMCredentials, apiMonitoring,
	apiNetworkConnectivity, apiOrgPolicy, apiRun, apiServiceUsage, apiVPCAccess}

// APIs are the names of the APIs that a [Client] calls, in order: the keys of [Options].Endpoints. The copy is the
// caller's.
func APIs() []string { return slices.Clone(apis) }
