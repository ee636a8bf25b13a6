package aviatrix

import (
	"slices"
	"strings"
)

const established = "Established"

// connection finds a connection by name, and by VPC where the caller gives one: names are unique per VPC only.
func (c *call) connection(fieldNames ...string) (Connection, Gateway, error) {
	name, vpc := c.in.get(fieldNames...), c.in.get("vpc_id")
	for _, conn := range all[Connection](c, kindConnection) {
		if conn.Name != name {
			continue
		}
		gw, ok := load[Gateway](c, kindGateway, conn.Gateway)
		if ok && (vpc == "" || vpc == gw.VPC) {
			return conn, gw, nil
		}
	}
	return Connection{}, Gateway{}, refuse("Connection %s does not exist.", name)
}

// connectionDetail is get_site2cloud_conn_detail. bgp_status says whether BGP is switched on, not whether the session
// stands (read from the provider: enabled or disabled). guess: bgp_session_state, learned_cidrs and advertised_cidrs;
// the vendor shows them in its console only. They lag one report interval.
func connectionDetail(c *call) (any, error) {
	conn, gw, err := c.connection("conn_name", "connection_name")
	if err != nil {
		return nil, err
	}
	status := map[bool]string{true: "enabled", false: "disabled"}[conn.BGP]
	return map[string]any{"connections": map[string]any{
		"name": []string{conn.Name}, "vpc_id": []string{gw.VPC}, "gw_name": gw.Name, "bgp_status": status,
		"bgp_local_asn_number": conn.LocalASN, "bgp_remote_asn_number": conn.RemoteASN, "peer_ip": conn.PeerIP,
		"bgp_local_ip": conn.LocalIP, "bgp_remote_ip": conn.RemoteIP, "ha_status": "disabled",
		"remote_cidr": strings.Join(conn.Subnets, ","), "ike_ver": conn.shown("ike", "2"),
		"tunnels": []any{map[string]any{
			"name": conn.Name, "gw_name": gw.Name, "status": conn.Tunnel, "tunnel_status": conn.Tunnel,
			"ip_addr": gw.PublicIP, "peer_ip": conn.PeerIP, "tunnel_protocol": conn.Protocol,
		}},
		"algorithm": conn.algorithms(), "bgp_multihop_enabled": conn.shown("enable_bgp_multihop", yes) == yes,
		"jumbo_frame":                     conn.shown("jumbo_frame", "") == yes,
		"conn_bgp_manual_advertise_cidrs": list(conn.Manual),
		"bgp_session_state":               conn.Session,
		"learned_cidrs":                   list(conn.Learned),
		"advertised_cidrs":                list(c.toNeighbour(conn, gw)),
	}}, nil
}

// toNeighbour is what the connection's neighbour is told: a manual list (of the connection, else of the gateway) lets
// nothing else pass, so a prefix that is advertised but not listed is hidden from it. On a transit with segmentation,
// so do domains.
func (c *call) toNeighbour(conn Connection, gw Gateway) []string {
	if !conn.BGP || conn.Session != established {
		return nil
	}
	var reach []string
	for _, r := range c.effective(gw) {
		if r.Target == conn.Name || r.Target == "local" {
			continue
		}
		if !gw.Segmentation || c.domainsTalk(conn.Name, r.Target) {
			reach = append(reach, r.Route)
		}
	}
	reach = append(reach, c.reported(gw)...)
	if gw.Role == spoke && !gw.BGP {
		reach = append(reach, gw.VPCCIDRs...)
	}
	manual := conn.Manual
	if len(manual) == 0 {
		manual = gw.ManualBGP
	}
	if len(manual) > 0 {
		reach = slices.DeleteFunc(reach, func(p string) bool { return !slices.Contains(manual, p) })
	}
	slices.Sort(reach)
	return slices.Compact(reach)
}

func listConnections(c *call) (any, error) {
	out := []any{}
	for _, conn := range all[Connection](c, kindConnection) {
		if want := c.in.get("connection_name"); want != "" && want != conn.Name {
			continue
		}
		gw, _ := load[Gateway](c, kindGateway, conn.Gateway)
		out = append(out, map[string]any{
			"name": conn.Name, "vpc_id": gw.VPC, "gw_name": conn.Gateway, "bgp_status": map[bool]string{
				true: "enabled", false: "disabled",
			}[conn.BGP],
			"status": conn.Tunnel, "peer_ip": conn.PeerIP,
		})
	}
	return map[string]any{"connections": out}, nil
}

// connectDevice makes a connection on a transit, or on a spoke that runs BGP. The other side is not ours: the session
// stays Active until somebody configures it.
func connectDevice(c *call) (any, error) {
	gw, err := c.gateway("transit_gw")
	if err != nil {
		return nil, err
	}
	name := c.in.get("connection_name")
	if name == "" || c.in.get("external_device_ip_address") == "" {
		return nil, refuse("Required argument connection_name or external_device_ip_address is missing.")
	}
	if gw.State != up {
		return nil, refuse("Gateway %s is not up.", gw.Name)
	}
	if c.tx.Has(Vendor, kindConnection, c.key(gw.Name, name)) {
		return nil, refuse("Connection %s already exists.", name)
	}
	bgp := c.in.get("routing_protocol") != "static"
	if bgp && gw.Role == spoke && !gw.BGP {
		return nil, refuse("BGP is not enabled on spoke gateway %s.", gw.Name)
	}
	subnets, err := cidrs(c.in.list("remote_subnet"))
	if err != nil {
		return nil, err
	}
	protocol := c.in.get("tunnel_protocol")
	if protocol == "" {
		protocol = "IPsec"
	}
	c.put(kindConnection, Connection{
		Name: name, Gateway: gw.Name, BGP: bgp, Session: "Active", Tunnel: "Down", Protocol: protocol, Subnets: subnets,
		LocalASN: c.in.get("bgp_local_as_number"), RemoteASN: c.in.get("external_device_as_number"),
		PeerIP: c.in.get("external_device_ip_address"), LocalIP: c.in.get("local_tunnel_ip"),
		RemoteIP: c.in.get("remote_tunnel_ip"), Set: c.connectionSet(),
	}, gw.Name, name)
	return nil, nil
}

const yes = "yes"

// algorithmFields are the fields of the six algorithms with their names in the details and the values of a client that
// sets none (provider: transit_external_device_conn.go).
var algorithmFields = []struct{ sent, shown, usual string }{
	{"phase1_authentication", "ph1_auth", "SHA-256"}, {"phase1_dh_groups", "ph1_dh", "14"},
	{"phase1_encryption", "ph1_encr", "AES-256-CBC"}, {"phase2_authentication", "ph2_auth", "HMAC-SHA-256"},
	{"phase2_dh_groups", "ph2_dh", "14"}, {"phase2_encryption", "ph2_encr", "AES-256-CBC"},
}

// connectionSet are the options of a connection that reads show again. Multihop is on unless the request says no: the
// form encoder of the provider writes no as an empty text.
func (c *call) connectionSet() map[string]string {
	set := map[string]string{}
	for _, f := range algorithmFields {
		if v := c.in.get(f.sent); v != "" {
			set[f.sent] = v
		}
	}
	for _, name := range []string{"enable_bgp_multihop", "jumbo_frame"} {
		if c.in.values.Has(name) {
			set[name] = yesNo(c.in.yes(name))
		}
	}
	if v := c.in.get("enable_ikev2"); v != "" {
		set["ike"] = map[bool]string{true: "2", false: "1"}[means(v)]
	}
	return set
}

// shown is an option as it was set, else what it is without (guess: version 2 of IKE).
func (conn Connection) shown(option, usual string) string {
	if v, ok := conn.Set[option]; ok {
		return v
	}
	return usual
}

func (conn Connection) algorithms() map[string][]string {
	out := map[string][]string{}
	for _, f := range algorithmFields {
		out[f.shown] = []string{conn.shown(f.sent, f.usual)}
	}
	return out
}

func disconnectDevice(c *call) (any, error) {
	conn, _, err := c.connection("connection_name")
	if err != nil {
		return nil, err
	}
	c.remove(kindConnection, conn.Gateway, conn.Name)
	return nil, nil
}

func deleteSite2Cloud(c *call) (any, error) {
	conn, _, err := c.connection("connection_name")
	if err != nil {
		return nil, err
	}
	if conn.BGP {
		return nil, refuse("BGP connection can only be deleted from Transit Network page.")
	}
	c.remove(kindConnection, conn.Gateway, conn.Name)
	return nil, nil
}

// editConnectionManual writes a connection's manual list, whole; an empty one switches manual mode off.
func editConnectionManual(c *call) (any, error) {
	gw, err := c.gateway("gateway_name")
	if err != nil {
		return nil, err
	}
	conn, ok := load[Connection](c, kindConnection, gw.Name, c.in.get("connection_name"))
	if !ok {
		return nil, refuse("Connection %s does not exist.", c.in.get("connection_name"))
	}
	if conn.Manual, err = cidrs(c.in.list("connection_bgp_manual_advertise_cidrs")); err != nil {
		return nil, err
	}
	c.put(kindConnection, conn, gw.Name, conn.Name)
	return nil, nil
}
