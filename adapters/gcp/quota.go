package gcp

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"
)

// addresses reads what the project has left of global internal addresses.
func (d *description) addresses(ctx context.Context) error {
	p, err := d.projects.Get(ctx, &computepb.GetProjectRequest{Project: d.project}, once())
	if err != nil {
		return d.fail(call{name: "projects.get"}, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, q := range p.GetQuotas() {
		if q.GetMetric() == "GLOBAL_INTERNAL_ADDRESSES" {
			d.out.AddressesLeft = max(0, int(q.GetLimit()-q.GetUsage()))
		}
	}
	return nil
}

// bundleLimit is the metric of how many PSC endpoints for Google APIs one network takes, the quota
// PSC_GOOGLE_APIS_FORWARDING_RULES_PER_NETWORK (VPC quotas). Like every quota of a network it shows in Cloud Monitoring
// and not in projects.get (the enumeration of Quota.metric has none), and the documentation tells no number of it.
const bundleLimit = "compute.googleapis.com/quota/psc_google_apis_forwarding_rules_per_vpc_network/limit"

// sampled is how far back a sample of a limit is looked for: they are rare (public queries of these metrics look back a
// day or a week).
const sampled = 7 * 24 * time.Hour

// bundles reads the network's quota of endpoints for Google APIs. Where there is no sample, or the caller may not read
// metrics, it stays 0, unknown: then the vendor's refusal of the endpoint tells.
func (d *description) bundles(ctx context.Context) error {
	now := d.now()
	// guess: network_id is the network's number; public queries group by the label and do not show a value.
	filter := fmt.Sprintf(`metric.type = %q AND resource.labels.network_id = "%d"`, bundleLimit, d.vpc.GetId())
	got, err := d.monitoring.Projects.TimeSeries.List("projects/" + d.project).Filter(filter).
		IntervalStartTime(now.Add(-sampled).Format(time.RFC3339)).IntervalEndTime(now.Format(time.RFC3339)).PageSize(1).
		Context(ctx).Do()
	if err := d.fail(call{name: "timeSeries.list"}, err); err != nil {
		if refused(err) {
			return nil
		}
		return err
	}
	for _, series := range got.TimeSeries {
		for _, p := range series.Points {
			if p.Value == nil || p.Value.Int64Value == nil {
				continue
			}
			d.mu.Lock()
			d.out.BundleQuota = int(*p.Value.Int64Value) // the newest comes first
			d.mu.Unlock()
			return nil
		}
	}
	return nil
}
