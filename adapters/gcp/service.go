package gcp

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/egress"
)

// services reads and changes Cloud Run services (run.go) and functions of the 2nd generation (function.go). Who may
// invoke is Cloud Run's for both (invoker.go).
type services struct{ *Client }

var _ egress.Services = services{}

// Services is the port to services of both platforms.
func (c *Client) Services() egress.Services { return services{c} }

const (
	platformRun       = "cloud-run"
	platformFunctions = "cloud-functions"

	allTraffic    = "all-traffic"
	privateRanges = "private-ranges-only"
)

// Get reads a service.
func (s services) Get(ctx context.Context, ref egress.ServiceRef) (egress.Service, error) {
	out, err := s.read(ctx, ref)
	if err != nil {
		return egress.Service{}, err
	}
	out.Binding, err = s.bound(ctx, ref, out.Binding)
	return out, err
}

func (s services) read(ctx context.Context, ref egress.ServiceRef) (egress.Service, error) {
	switch ref.Platform {
	case platformRun:
		got, err := s.readRun(ctx, runName(ref))
		if err != nil {
			return egress.Service{}, err
		}
		out := runService(ref, got)
		out.Deployer = deployer(got)
		return out, nil
	case platformFunctions:
		return s.getFunction(ctx, ref)
	}
	return egress.Service{}, noPlatform(ref)
}

// Bind sets the way into a VPC and nothing else of the service.
func (s services) Bind(ctx context.Context, _ uuid.UUID, ref egress.ServiceRef, to egress.Binding, etag string) error {
	switch ref.Platform {
	case platformRun:
		return s.bindRun(ctx, ref, to, etag)
	case platformFunctions:
		return s.bindFunction(ctx, ref, to, etag)
	}
	return noPlatform(ref)
}

// SetIngress sets the ingress setting and nothing else of the service.
func (s services) SetIngress(ctx context.Context, _ uuid.UUID, ref egress.ServiceRef, ingress, etag string) error {
	switch ref.Platform {
	case platformRun:
		return s.setRunIngress(ctx, ref, ingress, etag)
	case platformFunctions:
		return s.setFunctionIngress(ctx, ref, ingress, etag)
	}
	return noPlatform(ref)
}

func noPlatform(ref egress.ServiceRef) error {
	return workers.Refuse("invalid", "service %s: platform %q is not %s or %s", ref.Name, ref.Platform, platformRun,
		platformFunctions)
}

func runName(ref egress.ServiceRef) string {
	return fmt.Sprintf("projects/%s/locations/%s/services/%s", ref.Project, ref.Region, ref.Name)
}

func functionName(ref egress.ServiceRef) string {
	return fmt.Sprintf("projects/%s/locations/%s/functions/%s", ref.Project, ref.Region, ref.Name)
}

// hostnames gives the host parts of URLs, sorted and each once.
func hostnames(urls ...string) []string {
	var out []string
	for _, text := range urls {
		if u, err := url.Parse(text); err == nil && u.Hostname() != "" {
			out = append(out, strings.ToLower(u.Hostname()))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// words translates between Culvert's word for a setting and a vendor's.
type words map[string]string

func (w words) vendor(setting, ours string) (string, error) {
	if v, ok := w[ours]; ok {
		return v, nil
	}
	return "", workers.Refuse("invalid", "%s %q is not known", setting, ours)
}

// ours gives the vendor's own word where there is no other.
func (w words) ours(vendor string) string {
	for ours, v := range w {
		if v == vendor {
			return ours
		}
	}
	return vendor
}
