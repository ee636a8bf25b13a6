// Package egress is the capability of a serverless service's own network settings: connectors, the binding of a service
// to a VPC, who may invoke it and from where. Its steps depend on the small ports below and on claims.
//
// Read this file for the ports, steps.go for the list of steps, then one file a step.
package egress

import (
	"context"

	"github.com/google/uuid"
)

// Every port method that changes something takes the root of its request ids (see events.CallID) and answers nil when
// it is so, a workers.WaitFor failure when the vendor goes on with it, or a classified failure. Reads answer
// workers.ErrNotFound when there is no such thing. All ports are safe for concurrent use and keep no argument.

// Connectors keeps Serverless VPC Access connectors.
type Connectors interface {
	Get(ctx context.Context, name string) (Connector, error)
	Create(ctx context.Context, req uuid.UUID, c Connector) error
	// Grow raises instance limits or changes the machine type in place.
	Grow(ctx context.Context, req uuid.UUID, c Connector) error
	Delete(ctx context.Context, req uuid.UUID, name string) error
	// Users lists what uses the connector, by full name ("projects/P/locations/R/services/S", ".../functions/F", jobs
	// and worker pools), sorted: in the connector's own project, in those that the vendor says are connected, and in
	// the given ones. A service uses it while any revision does that serves. A list that is not whole is an error.
	Users(ctx context.Context, name string, projects ...string) ([]string, error)
}

// A Connector is a Serverless VPC Access connector. Name is full: "projects/P/locations/R/connectors/C".
type Connector struct {
	Name string
	// Network and CIDR, or Subnet (short name, with SubnetProject) but not both.
	Network       string
	CIDR          string
	Subnet        string
	SubnetProject string
	// Range is what Get says its instances have, in both forms (the subnet's own range for the subnet form); Create and
	// Grow ignore it. Empty while the vendor does not tell yet.
	Range       string
	Min, Max    int
	MachineType string
	// State is READY, CREATING, UPDATING, DELETING or ERROR.
	State string
}

// Services reads and changes the settings of a service that Culvert touches, for Cloud Run and for functions.
type Services interface {
	Get(ctx context.Context, ref ServiceRef) (Service, error)
	// Bind sets vpcAccess and nothing else; etag is the Service's as read, and another's change since is a Retry.
	Bind(ctx context.Context, req uuid.UUID, ref ServiceRef, to Binding, etag string) error
	// SetIngress sets the ingress setting ("all", "internal", "internal-and-load-balancing").
	SetIngress(ctx context.Context, req uuid.UUID, ref ServiceRef, ingress, etag string) error
	// Invokers reads who has the invoker role, with the policy's etag.
	Invokers(ctx context.Context, ref ServiceRef) (members []string, etag string, err error)
	// SetInvokers replaces the members of the invoker role on a policy that still has this etag.
	SetInvokers(ctx context.Context, ref ServiceRef, members []string, etag string) error
}

// A ServiceRef names a service. Platform is "cloud-run" or "cloud-functions".
type ServiceRef struct {
	Platform string `json:"platform"`
	Project  string `json:"project"`
	Region   string `json:"region"`
	Name     string `json:"name"`
}

// A Binding is a service's way into a VPC; the zero Binding is none.
type Binding struct {
	// Connector is a full name; or Network, Subnet and Tags are a direct interface.
	Connector string   `json:"connector,omitempty"`
	Network   string   `json:"network,omitempty"`
	Subnet    string   `json:"subnet,omitempty"`
	Tags      []string `json:"tags,omitempty"`
	// Egress is "all-traffic" or "private-ranges-only".
	Egress string `json:"egress,omitempty"`
}

// A Service is what Culvert reads of a service.
type Service struct {
	Ref ServiceRef
	// Hostnames are the host parts of its URLs, sorted.
	Hostnames []string
	Binding   Binding
	Ingress   string
	Etag      string
	// Reconciling says that a change is not yet in force; Pinned that traffic is pinned to a named revision.
	Reconciling bool
	Pinned      string
	// OpenInvoker says that the invoker check is switched off.
	OpenInvoker bool
	// RunService is the Cloud Run service behind a function, when there is one.
	RunService string
	// Deployer names what else deploys a Cloud Run service ("cloudfunctions"), and with each deploy sets its binding
	// anew.
	Deployer string
}
