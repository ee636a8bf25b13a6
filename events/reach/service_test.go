package reach

import "testing"

func TestWhoIsLetIn(t *testing.T) {
	service := Service{Object: "fn", Project: "acme-prod", Ingress: IngressInternal,
		SendsTo:   WholeList[Realm]("spoke-vpc"),
		Perimeter: WholeList[Realm]("inner"), Invokers: WholeList("serviceAccount:a")}
	caller := Caller{Network: "spoke-vpc", Project: "acme-net", Principal: "serviceAccount:a"}
	for _, c := range []struct {
		name      string
		change    func(*Service, *Caller)
		sure, may bool
	}{
		{"the Shared VPC network that the revision sends to", func(*Service, *Caller) {}, true, true},
		{"another network of another project", func(_ *Service, c *Caller) { c.Network = "other" }, false, false},
		{"a network of the service's own project", func(_ *Service, c *Caller) {
			c.Network, c.Project = "other", "acme-prod"
		}, true, true},
		{"by an internal load balancer", func(_ *Service, c *Caller) {
			c.Network, c.LoadBalancer = "other", true
		}, true, true},
		{"in the perimeter", func(_ *Service, c *Caller) { c.Network = "inner" }, true, true},
		{"ingress all", func(s *Service, c *Caller) { s.Ingress, c.Network = IngressAll, "other" }, true, true},
		{"no ingress", func(s *Service, c *Caller) {
			s.Ingress, c.LoadBalancer, c.Project = IngressNone, true, "acme-prod"
		}, false, false},
		{"an ingress setting of tomorrow", func(s *Service, c *Caller) {
			s.Ingress, c.LoadBalancer = "partners", true
		}, false, true},
		{"a list of networks that lacks something", func(s *Service, c *Caller) {
			s.SendsTo.Whole, c.Network = false, "other"
		}, false, true},
		{"a principal that is no invoker", func(_ *Service, c *Caller) {
			c.Principal = "serviceAccount:b"
		}, false, false},
		{"the invoker check is off", func(s *Service, c *Caller) {
			s.OpenInvoker, c.Principal = true, "serviceAccount:b"
		}, true, true},
		{"all users", func(s *Service, c *Caller) { s.Invokers, c.Principal = WholeList("allUsers"), "" }, true, true},
		{"all authenticated users and nobody", func(s *Service, c *Caller) {
			s.Invokers, c.Principal = WholeList("allAuthenticatedUsers"), ""
		}, false, false},
		{"invokers that were not read", func(s *Service, c *Caller) {
			s.Invokers = Listing[string]{Call: "getIamPolicy"}
		}, false, true},
	} {
		s, who := service, caller
		c.change(&s, &who)
		if a := s.Admits(who); a.Sure != c.sure || a.May != c.may || a.Sure != a.May && len(a.Open) == 0 {
			t.Errorf("%s: %+v, want sure %v, may %v", c.name, a, c.sure, c.may)
		}
	}
}
