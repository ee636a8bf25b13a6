package reach

import (
	"slices"
	"time"
)

// An Ingress is which callers a service lets in by network.
type Ingress string

// Ingress settings of Cloud Run.
const (
	IngressAll         Ingress = "all"
	IngressInternal    Ingress = "internal"
	IngressInternalLBs Ingress = "internal-and-cloud-load-balancing"
	IngressNone        Ingress = "none"
)

// A Service is a service as its callers meet it.
type Service struct {
	Object, Project string
	Ingress         Ingress
	// SendsTo are the networks that its serving revisions send to.
	SendsTo Listing[Realm]
	// Perimeter are the networks of a perimeter that has the service.
	Perimeter Listing[Realm]
	// OpenInvoker tells that the invoker check is off; else Invokers may call.
	OpenInvoker bool
	Invokers    Listing[string]
}

// A Caller is who calls a service: from a network, by an internal load balancer or not, as a principal.
type Caller struct {
	Network      Realm
	Project      string
	LoadBalancer bool
	Principal    string
}

// An Admission says whether a service lets a caller in: for sure, perhaps, or not at all, and which rule decides.
type Admission struct {
	Sure, May bool
	By        string
	Open      []Gap
}

// Admits says whether a service lets a caller in, by its ingress and then by its invokers.
//
// Page "Restrict network endpoint ingress for Cloud Run" (docs.cloud.google.com/run/docs/securing/ingress): internal
// are internal Application Load Balancers, resources in a perimeter that has the service, VPC networks of the service's
// own project, and the Shared VPC network that the revision sends to. IAM applies to each of them.
func (s Service) Admits(c Caller) Admission {
	in := s.byIngress(c)
	if !in.May {
		return in
	}
	as := s.byInvoker(c)
	return Admission{Sure: in.Sure && as.Sure, May: as.May, By: in.By + ", " + as.By,
		Open: slices.Concat(in.Open, as.Open)}
}

func (s Service) byIngress(c Caller) Admission {
	admitted := func(by string) Admission { return Admission{Sure: true, May: true, By: by} }
	switch {
	case s.Ingress == IngressAll:
		return admitted("ingress all")
	case s.Ingress == IngressNone:
		return Admission{By: "ingress none"}
	case s.Ingress != IngressInternal && s.Ingress != IngressInternalLBs:
		return Admission{May: true, By: "ingress", Open: []Gap{
			{NoDocument, s.Object, "the ingress setting " + string(s.Ingress) + " is not known"}}}
	case c.LoadBalancer:
		return admitted("internal load balancer")
	case c.Project != "" && c.Project == s.Project:
		return admitted("network of the service's project")
	case slices.Contains(s.SendsTo.Items, c.Network):
		return admitted("network that the revision sends to")
	case slices.Contains(s.Perimeter.Items, c.Network):
		return admitted("perimeter")
	}
	if gaps := slices.Concat(s.SendsTo.gaps(), s.Perimeter.gaps()); len(gaps) > 0 {
		return Admission{May: true, By: "ingress", Open: gaps}
	}
	return Admission{By: "ingress " + string(s.Ingress)}
}

// gaps are why a list may lack something, whatever its time.
func (l Listing[T]) gaps() []Gap { return l.doubts(time.Time{}) }

func (s Service) byInvoker(c Caller) Admission {
	for _, who := range s.Invokers.Items {
		if who == "allUsers" || c.Principal != "" && (who == c.Principal || who == "allAuthenticatedUsers") {
			return Admission{Sure: true, May: true, By: "invoker " + who}
		}
	}
	switch {
	case s.OpenInvoker:
		return Admission{Sure: true, May: true, By: "invoker check is off"}
	case len(s.Invokers.gaps()) > 0:
		return Admission{May: true, By: "invokers", Open: s.Invokers.gaps()}
	}
	return Admission{By: "invokers"}
}
