package google

import (
	"regexp"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// endpointLimit is the metric of Cloud Monitoring that shows a network's quota of endpoints for Google APIs
// (documentation: VPC quotas). It is a quota of each network and no metric of projects.get (enumeration of
// Quota.metric). The labels are those that public queries of the metric use; guess: network_id is the network's number,
// and a network has its series before it has any endpoint.
const endpointLimit = "compute.googleapis.com/quota/psc_google_apis_forwarding_rules_per_vpc_network/limit"

// seriesFilter is what is understood of the language of filters: one metric, and one network or all.
var seriesFilter = regexp.MustCompile(
	`^metric\.type\s*=\s*"([^"]+)"(?:\s+AND\s+resource\.labels\.network_id\s*=\s*"([^"]+)")?$`,
)

func monitoringMethods() []method {
	return []method{
		{pattern: "GET projects/{project}/timeSeries", call: "timeSeries.list", style: rpcStyle, run: listTimeSeries},
	}
}

// listTimeSeries answers the newest point of each network's limit. Other metrics have no series.
func listTimeSeries(r *request) (world.Doc, *refusal) {
	filter := seriesFilter.FindStringSubmatch(r.query.Get("filter"))
	if filter == nil {
		return nil, rpcInvalid(
			"Field filter had an invalid value of \"%s\": it is not understood.", r.query.Get("filter"),
		)
	}
	if _, err := time.Parse(time.RFC3339, r.query.Get("interval.endTime")); err != nil {
		return nil, rpcInvalid("Field interval.endTime had an invalid value: a timestamp is required.")
	}
	out := world.Doc{}
	if filter[1] != endpointLimit {
		return out, nil
	}
	var series []any
	for n := range r.all("networks", "projects/"+r.project+"/") {
		id := str(n.Doc, "id")
		if filter[2] != "" && filter[2] != id {
			continue
		}
		series = append(series, map[string]any{
			"metric": map[string]any{"type": endpointLimit, "labels": map[string]any{"limit_name": endpointQuota}},
			"resource": map[string]any{"type": "compute.googleapis.com/VpcNetwork", "labels": map[string]any{
				"resource_container": r.project, "location": "global", "network_id": id}},
			"metricKind": "GAUGE", "valueType": "INT64",
			"points": []any{map[string]any{
				"interval": map[string]any{"startTime": r.now(), "endTime": r.now()},
				"value":    map[string]any{"int64Value": world.Text(r.quotas[endpointQuota])},
			}},
		})
	}
	if len(series) > 0 {
		out["timeSeries"], out["unit"] = series, "1"
	}
	return out, nil
}
