package aviatrix

import (
	"fmt"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// project takes a document apart for comparing with the baseline. Owner is always empty: this vendor has no field for
// it. Whole lists become one item an entry, so that one foreign entry gone missing is one line.
func project(kind, name string, doc world.Doc) []world.Item {
	item := func(kind, name, value string) world.Item { return world.Item{Kind: kind, Name: name, Value: value} }
	entries := func(kind string, list []string) []world.Item {
		var out []world.Item
		for _, e := range list {
			out = append(out, item(kind, name+"/"+e, ""))
		}
		return out
	}
	switch kind {
	case kindGateway:
		return projectGateway(name, fromDoc[Gateway](doc))
	case kindConnection:
		conn := fromDoc[Connection](doc)
		manual := entries("manualAdvertisedCidr", conn.Manual)
		conn.Manual, conn.Session, conn.Tunnel, conn.Learned = nil, "", "", nil
		return append(manual, item(kind, name, fmt.Sprintf("%+v", conn)))
	case kindTag:
		t := fromDoc[FQDNTag](doc)
		items := []world.Item{item(kind, name, t.Color+" "+t.State)}
		for _, r := range t.Domains {
			items = append(
				items, item("fqdnDomain", name+"/"+strings.Join([]string{r.FQDN, r.Proto, r.Port, r.Verdict}, ":"), ""),
			)
		}
		return items
	case kindTagOn:
		return append(entries("fqdnSource", fromDoc[FQDNAttach](doc).Sources), item(kind, name, ""))
	case kindAppDomain:
		d := fromDoc[appDomain](doc)
		return []world.Item{item(kind, name, d.UUID+" "+d.Selector.text())}
	case kindRuleSet:
		return projectRuleSet(kind, name, fromDoc[ruleSet](doc))
	case kindSingleton:
		if strings.HasSuffix(name, "/"+dcfList) {
			return projectRuleSet(kind, name, fromDoc[ruleSet](doc))
		}
		return []world.Item{item(kind, name, world.Text(doc))}
	case kindDomain:
		d := fromDoc[SecurityDomain](doc)
		items := append(entries("domainMember", d.Members), entries("domainConnection", d.Connected)...)
		return append(items, item(kind, name, ""))
	case kindTask:
		return nil // a task is a receipt, not a thing
	}
	return []world.Item{item(kind, name, world.Text(doc))}
}

func projectGateway(name string, gw Gateway) []world.Item {
	items := []world.Item{{Kind: kindGateway, Name: name, Value: gw.Role + " " + gw.VPC}}
	for kind, list := range map[string][]string{
		"advertisedCidr": gw.Advertised, "customRoute": gw.Custom, "filterRoute": gw.Filtered,
		"manualAdvertisedCidr": gw.ManualBGP, "passThroughCidr": gw.PassThru,
	} {
		for _, e := range list {
			items = append(items, world.Item{Kind: kind, Name: name + "/" + e})
		}
	}
	flags := map[string]bool{
		"customized_advertise": len(gw.Advertised) > 0, "fqdn_filtered": gw.FQDNFiltered,
		flagAutoAdvertise: gw.AutoAdvertiseS2C, flagSourceNAT: gw.SourceNAT, flagConnected: gw.ConnectedTransit,
		flagMultiTier: gw.MultiTier, flagSegmentation: gw.Segmentation,
	}
	for flag, on := range flags {
		items = append(items, world.Item{Kind: "gatewayFlag", Name: name + "/" + flag, Value: yesNo(on)})
	}
	return items
}

func projectRuleSet(kind, name string, set ruleSet) []world.Item {
	value := fmt.Sprintf("%s on %q with %d groups", set.UUID, set.AttachTo, len(set.SubPolicies))
	items := []world.Item{{Kind: kind, Name: name, Value: value}}
	seen := map[string]int{}
	for _, r := range set.Policies {
		seen[r.Name]++
		entry := name + "/" + r.Name
		if n := seen[r.Name]; n > 1 { // rule names need not be unique; items must
			entry = fmt.Sprintf("%s#%d", entry, n)
		}
		items = append(items, world.Item{Kind: "rule", Name: entry, Value: r.text()})
	}
	if set.AttachTo != "" {
		items = append(items, world.Item{Kind: "attachment", Name: name + "/" + set.AttachTo})
	}
	return items
}
