package invented

import (
	"slices"
	"strings"
)

// packetsEach is how many packets of each sender are looked at.
const packetsEach = 5

// others are packets of everybody who has a place in the world: to each other, to sites, to the Internet and to
// Google, of both families where the sender has both.
func (d *draft) others() (out []Flow) {
	targets := append(slices.Clone(d.targets), "8.8.8.8", "1.1.1.1", "199.36.153.8", "142.250.0.95", "172.16.5.9",
		"{"+ownService+"}", "{busy-a}", "public.example", "198.51.100.77")
	targets = slices.DeleteFunc(targets, func(t string) bool { return strings.Contains(t, "::") })
	senders := slices.Clone(d.senders)
	slices.Sort(senders)
	for _, from := range slices.Compact(senders) {
		for range packetsEach {
			f := Flow{From: from, To: one(d, targets...), Proto: one(d, "tcp", "tcp", "tcp", "udp", "icmp")}
			if f.Proto == "tcp" || f.Proto == "udp" {
				f.Port = one(d, 22, 53, 80, 443, 443)
			}
			if strings.HasPrefix(f.To, "{") || strings.HasSuffix(f.To, ".example") {
				f.Proto, f.Port = "tcp", 443
			}
			out = append(out, f)
		}
		// What everybody does: names, the Internet, Google.
		out = append(out, Flow{From: from, To: "198.51.100.77", Proto: "tcp", Port: 443},
			Flow{From: from, To: "142.250.0.95", Proto: "tcp", Port: 443},
			Flow{From: from, To: "172.16.5.9", Proto: "tcp", Port: 443},
			Flow{From: from, To: "{" + ownService + "}", Proto: "tcp", Port: 443})
	}
	for _, from := range d.senders6 {
		for _, to := range []string{"2001:4860:4860::8888", "2607:f8b0::5f", one(d, d.targets6...)} {
			out = append(out, Flow{From: from, To: to, Proto: one(d, "tcp", "udp"), Port: 443, V6: true})
		}
	}
	return out
}

// newcomer is a machine that comes to the range that the intent filters.
func (d *draft) newcomer(w wish) *Newcomer {
	if w.source != subnetwork(regions[0], alone) || !d.oneIn(3) {
		return nil
	}
	const root = "https://www.googleapis.com/compute/v1/"
	name := "projects/" + project + "/zones/" + regions[0] + "-a/instances/newcomer"
	port := map[string]any{"network": root + fullNetwork(home), "networkIP": "10.1.32.9",
		"subnetwork": root + subnetwork(regions[0], alone)}
	send := func(to string, port int) Flow {
		return Flow{From: "machine:" + project + "/newcomer", To: to, Proto: "tcp", Port: port}
	}
	return &Newcomer{Vendor: "gcp", Kind: "instances", Name: name,
		Doc: map[string]any{"kind": "compute#instance", "name": "newcomer", "selfLink": root + name,
			"status": "RUNNING", "tags": map[string]any{"items": []any{}}, "networkInterfaces": []any{port}},
		Flows: []Flow{send("8.8.8.8", 22), send("1.1.1.1", 443), send(one(d, d.nets[0].machines...).ip, 80)}}
}
