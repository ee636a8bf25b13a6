package google

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// attachment makes a producer's load balancer with its attachment.
func (l loader) attachment(a Attachment) error {
	at := "projects/" + a.Project + "/regions/" + a.Region
	backend := l.at(a.Project, a.Region, a.Name+"-backend", world.Doc{"loadBalancingScheme": "INTERNAL"})
	if err := l.insert(backendServices(), backend); err != nil {
		return err
	}
	rule := l.at(a.Project, a.Region, a.Name+"-rule", world.Doc{"loadBalancingScheme": "INTERNAL", "allPorts": true,
		"subnetwork":     at + "/subnetworks/" + a.Subnetwork,
		"backendService": at + "/backendServices/" + a.Name + "-backend"})
	if err := l.insert(forwardingRules(false), rule); err != nil {
		return err
	}
	preference := "ACCEPT_AUTOMATIC"
	if a.Manual {
		preference = "ACCEPT_MANUAL"
	}
	var accepts []any
	for _, project := range a.Accept {
		accepts = append(accepts, map[string]any{"projectIdOrNum": project, "connectionLimit": 1000})
	}
	return l.insert(serviceAttachments(), l.at(a.Project, a.Region, a.Name, world.Doc{
		"targetService": at + "/forwardingRules/" + a.Name + "-rule", "natSubnets": []any{
			at + "/subnetworks/" + a.NatSubnet,
		},
		"connectionPreference": preference, "consumerAcceptLists": accepts, "consumerRejectLists": a.Reject,
	}))
}

func networkURLs(project string, names []string) []any {
	var out []any
	for _, n := range names {
		out = append(out, map[string]any{"networkUrl": link(networkLink(project, n))})
	}
	return out
}

func (l loader) zone(z Zone) error {
	r := l.at(z.Project, "", z.Name, world.Doc{"name": z.Name, "dnsName": z.DNSName, "visibility": "private",
		"description":             "",
		"privateVisibilityConfig": map[string]any{"networks": networkURLs(z.Project, z.Networks)}})
	name := r.zoneName(z.Name)
	if bad := r.checkVisibility(name, r.body); bad != nil {
		return fmt.Errorf("zone %s: %s", z.Name, bad.message)
	}
	doc := without(r.body)
	r.completeZone(doc)
	l.tx.QuietPut(vendor, "managedZones", name, doc)
	r.apexRecords(name, z.DNSName)
	for _, rec := range z.Records {
		body := map[string]any(
			world.Copy(world.Doc{"name": rec.Name, "type": rec.Type, "ttl": rec.TTL, "rrdatas": rec.Data}),
		)
		if bad := checkRecord(body, doc, "record"); bad != nil {
			return fmt.Errorf("zone %s: %s", z.Name, bad.message)
		}
		l.tx.QuietPut(vendor, recordKind, recordName(name, rec.Name, rec.Type), completeRecord(body))
	}
	return nil
}

func (l loader) dnsPolicy(p DNSPolicy) error {
	doc := world.Doc{
		"kind": "dns#policy", "id": fmt.Sprint(l.tx.ID()), "name": p.Name, "description": "",
		"enableInboundForwarding": p.Inbound,
		"enableLogging":           false, "networks": networkURLs(p.Project, p.Networks),
	}
	var servers []any
	for _, ip := range p.Alternatives {
		servers = append(servers, map[string]any{"ipv4Address": ip, "forwardingPath": "default"})
	}
	if len(servers) > 0 {
		doc["alternativeNameServerConfig"] = map[string]any{"targetNameServers": servers}
	}
	l.tx.QuietPut(vendor, "dnsPolicies", "projects/"+p.Project+"/policies/"+p.Name, doc)
	return nil
}

func (l loader) responsePolicy(p ResponsePolicy) error {
	name := "projects/" + p.Project + "/responsePolicies/" + p.Name
	l.tx.QuietPut(vendor, "responsePolicies", name, world.Doc{"kind": "dns#responsePolicy", "id": fmt.Sprint(l.tx.ID()),
		"responsePolicyName": p.Name, "networks": networkURLs(p.Project, p.Networks)})
	var rules []any
	for i, rec := range p.Rules {
		rule := map[string]any{"kind": "dns#responsePolicyRule", "ruleName": fmt.Sprintf("rule-%d", i),
			"dnsName": rec.Name}
		if rec.Bypass {
			rule["behavior"] = "bypassResponsePolicy"
		} else {
			rule["localData"] = map[string]any{"localDatas": []any{
				map[string]any{"name": rec.Name, "type": rec.Type, "ttl": rec.TTL, "rrdatas": rec.Data},
			}}
		}
		rules = append(rules, rule)
	}
	l.tx.QuietPut(vendor, "responsePolicyRules", name, world.Doc{"rules": rules})
	return nil
}

func (l loader) connector(c Connector) error {
	r := l.at(c.Project, c.Region, c.Name, world.Doc{"machineType": "e2-micro", "minInstances": 2, "maxInstances": 3})
	doc := without(r.body)
	if c.Subnetwork != "" {
		doc["subnet"] = map[string]any{"name": c.Subnetwork, "projectId": c.Project}
	} else {
		doc["network"], doc["ipCidrRange"] = c.Network, c.Range
	}
	if bad := checkConnector(doc); bad != nil {
		return fmt.Errorf("connector %s: %s", c.Name, bad.message)
	}
	if failed := r.connectorFails(r.connectorName(), doc); failed != nil {
		return fmt.Errorf("connector %s: %s", c.Name, failed.message)
	}
	throughput(doc)
	doc["name"], doc["state"] = r.connectorName(), "READY"
	l.tx.QuietPut(vendor, "connectors", r.connectorName(), doc)
	return nil
}

func (l loader) service(s Service) error { return l.deployed(s, nil) }

// access is how a service sends into a network; nil when it does not.
func (s Service) access() map[string]any {
	access := map[string]any{"egress": cmp.Or(s.Egress, "ALL_TRAFFIC")}
	project, name, _ := strings.Cut(cmp.Or(s.Connector, s.Direct), "/")
	switch {
	case s.Connector != "" && strings.Count(s.Connector, "/") != 1:
		access["connector"] = s.Connector
	case s.Connector != "":
		access["connector"] = "projects/" + project + "/locations/" + s.Region + "/connectors/" + name
	case s.Direct != "":
		nic := map[string]any{"subnetwork": "projects/" + project + "/regions/" + s.Region + "/subnetworks/" + name}
		if len(s.Tags) > 0 {
			nic["tags"] = s.Tags
		}
		access["networkInterfaces"] = []any{nic}
	default:
		return nil
	}
	return access
}

// deployed makes a service that has been serving its first revision for long.
func (l loader) deployed(s Service, more world.Doc) error {
	template := map[string]any{"containers": []any{map[string]any{
		"image": fmt.Sprintf("%s-docker.pkg.dev/%s/apps/%s:1", s.Region, s.Project, s.Name),
		"ports": []any{map[string]any{"containerPort": 8080}}}}}
	if access := s.access(); access != nil {
		template["vpcAccess"] = access
	}
	if s.Revision != "" {
		template["revision"] = s.Revision
	}
	r := l.at(s.Project, s.Region, s.Name, world.Doc{"template": template})
	doc, name := without(r.body), r.serviceName()
	if s.Ingress != "" {
		doc["ingress"] = s.Ingress
	}
	if s.NoURL {
		doc["defaultUriDisabled"] = true
	}
	if bad := r.completeService(doc); bad != nil {
		return fmt.Errorf("service %s: %s", s.Name, bad.message)
	}
	if failed := r.accessFails(name, obj(doc, "template")); failed != nil {
		return fmt.Errorf("service %s: %s", s.Name, failed.message)
	}
	r.newService(doc, name)
	revision := name + "/revisions/" + cmp.Or(s.Revision, s.Name+"-00001-abc")
	l.revisions(r, s, doc, revision)
	defaults(doc, map[string]any{
		"updateTime": stamp(epoch), "latestCreatedRevision": revision, "latestReadyRevision": revision,
	})
	doc["generation"], doc["observedGeneration"] = "1", "1"
	if s.Pinned {
		doc["traffic"] = []any{map[string]any{
			"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": base(revision), "percent": 100,
		}}
	}
	if len(s.Traffic) > 0 {
		doc["traffic"] = s.targets()
		if bad := r.checkTraffic(world.Doc(world.Copy(doc))); bad != nil {
			return fmt.Errorf("service %s: %s", s.Name, bad.message)
		}
	}
	for k, v := range more {
		doc[k] = v
	}
	doc["etag"] = fingerprint(doc)
	l.tx.QuietPut(vendor, serviceKind, name, doc)
	if len(s.Invokers) > 0 {
		binding := map[string]any{"role": "roles/run.invoker", "members": s.Invokers}
		l.tx.QuietPut(
			vendor, policyDocs, name, world.Doc{"version": 1, "etag": fingerprint(binding), "bindings": []any{binding}},
		)
	}
	return nil
}

// revisions stores the revision that serves and the ones before it.
func (l loader) revisions(r *request, s Service, doc world.Doc, latest string) {
	r.putRevision(latest, obj(doc, "template"), nil)
	for _, old := range s.Older {
		template := without(obj(doc, "template"), "vpcAccess")
		before := Service{Region: s.Region, Connector: old.Connector, Direct: old.Direct, Egress: old.Egress}
		if access := before.access(); access != nil {
			template["vpcAccess"] = access
		}
		r.putRevision(segmentPath(latest, "revisions")+"/revisions/"+old.Name, template, nil)
	}
}

func (s Service) targets() []any {
	var out []any
	for _, t := range s.Traffic {
		target := map[string]any{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": t.Percent}
		if t.Revision != "" {
			target["type"], target["revision"] = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", t.Revision
		}
		if t.Tag != "" {
			target["tag"] = t.Tag
		}
		out = append(out, target)
	}
	return out
}

// workload makes a job, a worker pool or an instance.
func (l loader) workload(of workload) func(Workload) error {
	return func(w Workload) error {
		r := l.at(w.Project, w.Region, w.Name, nil)
		name := "projects/" + w.Project + "/locations/" + w.Region + "/" + of.collection + "/" + w.Name
		task := map[string]any{"containers": []any{map[string]any{"image": "example/" + w.Name}}}
		access := Service{Region: w.Region, Connector: w.Connector, Direct: w.Direct, Egress: w.Egress}.access()
		if access != nil {
			task["vpcAccess"] = access
		}
		if failed := r.accessFails(name, task); failed != nil {
			return fmt.Errorf("%s %s: %s", of.collection, w.Name, failed.message)
		}
		inner := task
		for range of.template {
			inner = map[string]any{"template": inner}
		}
		doc := world.Doc(inner)
		defaults(doc, map[string]any{"name": name, "uid": fmt.Sprintf("%x", l.tx.ID()), "generation": "1",
			"observedGeneration": "1", "createTime": stamp(epoch), "updateTime": stamp(epoch), "launchStage": "GA"})
		l.tx.QuietPut(vendor, of.kind, name, doc)
		return nil
	}
}

func (l loader) appVersion(v AppVersion) error {
	name := "apps/" + v.Project + "/services/" + v.Service + "/versions/" + v.Version
	doc := world.Doc{"name": name, "id": v.Version, "runtime": "python312", "env": "standard",
		"servingStatus": "SERVING", "createTime": stamp(epoch)}
	if access := (Service{Region: v.Region, Connector: v.Connector}).access(); access != nil {
		doc["vpcAccessConnector"] = map[string]any{"name": access["connector"], "egressSetting": "ALL_TRAFFIC"}
	}
	l.tx.QuietPut(vendor, appKind, name, doc)
	return nil
}

// function makes a second-generation function and the Cloud Run service that it is deployed to, of the same name.
func (l loader) function(s Service) error {
	r := l.at(s.Project, s.Region, s.Name, nil)
	name, serviceName := r.functionName(), r.serviceName()
	address := fmt.Sprintf("https://%s-%s.cloudfunctions.net/%s", s.Region, s.Project, s.Name)
	urls := world.Doc{}
	r.newService(urls, serviceName)
	more := world.Doc{"labels": map[string]any{"goog-managed-by": "cloudfunctions"},
		"urls": append(append([]string{}, urls["urls"].([]string)...), address)}
	if err := l.deployed(s, more); err != nil {
		return err
	}
	service, _ := r.get(serviceKind, serviceName)
	config := map[string]any{
		"service": serviceName, "uri": str(service, "uri"), "ingressSettings": "ALLOW_ALL", "timeoutSeconds": 60,
		"availableMemory":  "256M",
		"maxInstanceCount": 100, "maxInstanceRequestConcurrency": 1, "availableCpu": "0.1666",
		"allTrafficOnLatestRevision": true,
		"serviceAccountEmail":        str(service, "template", "serviceAccount"),
		"revision":                   base(str(service, "latestReadyRevision")),
	}
	if connector := str(service, "template", "vpcAccess", "connector"); connector != "" {
		config["vpcConnector"], config["vpcConnectorEgressSettings"] = connector, "ALL_TRAFFIC"
	}
	l.tx.QuietPut(vendor, functionKind, name, world.Doc{
		"name": name, "environment": "GEN_2", "state": "ACTIVE", "url": address, "serviceConfig": config,
		"buildConfig": map[string]any{"runtime": "python312", "entryPoint": "main"}, "createTime": stamp(epoch),
		"updateTime": stamp(epoch),
	})
	return nil
}

func (l loader) generate(g Generated) error {
	for i := range g.Count {
		s := g.Service
		s.Name = fmt.Sprintf("%s%04d", g.Prefix, i)
		if g.BoundEvery == 0 || i < g.BoundFrom || (i-g.BoundFrom)%g.BoundEvery != 0 {
			s.Connector = ""
		}
		if err := l.service(s); err != nil {
			return err
		}
	}
	return nil
}
