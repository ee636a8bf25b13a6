package gobgp

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/osrg/gobgp/v4/api"
)

// A Peer is a BGP neighbour. It is told IPv4 unicast prefixes, over a session of either family; there is no TCP-AO and
// no BFD.
type Peer struct {
	// Address is IPv4 or IPv6, without a zone.
	Address string
	// Port is 179 when 0.
	Port uint16
	ASN  uint32
	// LocalAddress is where the session comes from; empty lets the kernel choose.
	LocalAddress string
	// Password is that of TCP MD5 (RFC 2385), at most 80 bytes; empty is none.
	Password string
	// Hops is the largest distance of an external peer, 1 for a direct neighbour; 0 is 1 with TTLSecurity, else 2.
	Hops uint32
	// TTLSecurity (RFC 5082) sends with the largest TTL, and drops what comes from further away than Hops.
	TTLSecurity bool
	// HoldTime is in whole seconds, at least 3; Keepalive at most a third of it. Zero are 30 s and a third.
	HoldTime, Keepalive time.Duration
	// Communities ("65001:100"), MED and Prepend, how often the own ASN comes in front once more, go with every prefix.
	Communities []string
	MED         *uint32
	Prepend     uint32
	// MaxPrefixes is how many prefixes the peer takes: one more is refused here, because the peer would end the session
	// and with it every path. 0 knows of no limit.
	MaxPrefixes int
	// RestartTime is how long the peer keeps the paths of a speaker that is gone without a word (RFC 4724), in whole
	// seconds up to 4095; 0 is 120 s, a negative one turns graceful restart off.
	RestartTime time.Duration
}

// MaxPrefixes is how many prefixes every one of some peers takes, 0 without a limit.
func MaxPrefixes(peers []Peer) int {
	limit := 0
	for _, p := range peers {
		if p.MaxPrefixes > 0 && (limit == 0 || p.MaxPrefixes < limit) {
			limit = p.MaxPrefixes
		}
	}
	return limit
}

// Reconnecting is quick because a withdrawal that no peer hears is a lie; 2 s is GoBGP's smallest connect interval.
const (
	connectRetry = 2
	idleHold     = 2
)

const (
	defaultHops    = 2
	defaultHold    = 30 * time.Second
	defaultRestart = 120 * time.Second
	// deferral is how long a speaker that has started waits for what its peers have to say (RFC 4724 4.1) before it
	// speaks. It decides on nothing that they say.
	deferral = 2
)

// The limits of the fields, from RFC 4271 4.2, RFC 4724 3, and tcp(7) of Linux for the password.
const (
	minHold     = 3 * time.Second
	maxHold     = math.MaxUint16 * time.Second
	maxRestart  = 4095 * time.Second
	maxPassword = 80
	maxPrepend  = 10
	maxHops     = 254
)

var communityForm = regexp.MustCompile(`^[0-9]{1,5}:[0-9]{1,5}$`)

// Validate tells every field that cannot be meant, each with its name in a configuration file and its rule. own is the
// speaker's ASN.
func (p Peer) Validate(own uint32) error {
	var errs []error
	need := func(good bool, format string, args ...any) {
		if !good {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	a, err := netip.ParseAddr(p.Address)
	need(err == nil && a.Zone() == "" && !a.IsUnspecified() && !a.IsMulticast(), "address: %q is not an address",
		p.Address)
	if p.LocalAddress != "" {
		local, bad := netip.ParseAddr(p.LocalAddress)
		need(bad == nil && local.Is4() == a.Is4() && !local.IsUnspecified(),
			"localAddress: %q is not an address of the family of %s", p.LocalAddress, p.Address)
	}
	need(p.ASN > 0, "asn is missing")
	need(len(p.Password) <= maxPassword, "passwordFile: a password has %d bytes at most", maxPassword)
	need(p.Hops <= maxHops, "hops: %d is not in 1..%d", p.Hops, maxHops)
	need(p.ASN != own || p.Hops == 0 || p.TTLSecurity,
		"hops: a peer of the own ASN may be anywhere without ttlSecurity")
	need(p.MaxPrefixes >= 0, "maxPrefixes: %d is negative", p.MaxPrefixes)
	need(p.Prepend <= maxPrepend, "prepend: %d is more than %d", p.Prepend, maxPrepend)
	for _, c := range p.Communities {
		need(isCommunity(c), "communities: %q is not NUMBER:NUMBER of 16 bits each", c)
	}
	p.validateTimes(need)
	return errors.Join(errs...)
}

func (p Peer) validateTimes(need func(good bool, format string, args ...any)) {
	whole := func(d time.Duration) bool { return d%time.Second == 0 }
	need(p.HoldTime == 0 || whole(p.HoldTime) && p.HoldTime >= minHold && p.HoldTime <= maxHold,
		"holdTime: %s is not in whole seconds from 3s to 65535s", p.HoldTime)
	need(p.Keepalive == 0 || whole(p.Keepalive) && p.Keepalive >= time.Second && p.Keepalive <= p.hold()/3,
		"keepalive: %s is not in whole seconds from 1s to a third of holdTime (%s)", p.Keepalive, p.hold()/3)
	need(p.RestartTime <= 0 || whole(p.RestartTime) && p.RestartTime <= maxRestart,
		"gracefulRestart: %s is not in whole seconds up to 4095s", p.RestartTime)
}

func isCommunity(text string) bool {
	if !communityForm.MatchString(text) {
		return false
	}
	for _, half := range strings.Split(text, ":") {
		if _, err := strconv.ParseUint(half, 10, 16); err != nil {
			return false
		}
	}
	return true
}

func (p Peer) hold() time.Duration {
	if p.HoldTime == 0 {
		return defaultHold
	}
	return p.HoldTime
}

func (p Peer) keepalive() time.Duration {
	if p.Keepalive == 0 {
		return max(p.hold()/3, time.Second).Truncate(time.Second)
	}
	return p.Keepalive
}

func (p Peer) hops() uint32 {
	switch {
	case p.Hops > 0:
		return p.Hops
	case p.TTLSecurity:
		return 1
	default:
		return defaultHops
	}
}

// wire is the peer for GoBGP. It is told IPv4 unicast whatever the family of its address.
func (p Peer) wire(own uint32) *api.Peer {
	out := &api.Peer{
		Conf:      &api.PeerConf{NeighborAddress: p.Address, PeerAsn: p.ASN, AuthPassword: p.Password},
		Transport: &api.Transport{LocalAddress: p.LocalAddress, RemotePort: uint32(p.Port)},
		Timers: &api.Timers{Config: &api.TimersConfig{
			ConnectRetry: connectRetry, IdleHoldTimeAfterReset: idleHold,
			HoldTime: uint64(p.hold().Seconds()), KeepaliveInterval: uint64(p.keepalive().Seconds()),
		}},
	}
	family := &api.AfiSafi{Config: &api.AfiSafiConfig{Family: unicast(), Enabled: true}}
	out.AfiSafis = []*api.AfiSafi{family}
	switch {
	case p.TTLSecurity:
		out.TtlSecurity = &api.TtlSecurity{Enabled: true, TtlMin: math.MaxUint8 + 1 - p.hops()}
	case p.ASN != own:
		out.EbgpMultihop = &api.EbgpMultihop{Enabled: true, MultihopTtl: p.hops()}
	}
	if restart := p.restart(); restart > 0 {
		// The speaker has forgotten nothing when it comes up, and forwards nothing: a peer may use what it was told
		// meanwhile, and says so by the flags of a speaker that has restarted.
		out.GracefulRestart = &api.GracefulRestart{Enabled: true, RestartTime: uint32(restart.Seconds()),
			DeferralTime: deferral, LocalRestarting: true}
		family.MpGracefulRestart = &api.MpGracefulRestart{Config: &api.MpGracefulRestartConfig{Enabled: true}}
	}
	return out
}

// restart is how long the peer keeps paths, 0 when graceful restart is off.
func (p Peer) restart() time.Duration {
	if p.RestartTime == 0 {
		return defaultRestart
	}
	return max(p.RestartTime, 0)
}

// actions are what goes with every prefix that the peer is told.
func (p Peer) actions(own uint32) *api.Actions {
	out := &api.Actions{RouteAction: api.RouteAction_ROUTE_ACTION_ACCEPT}
	if len(p.Communities) > 0 {
		out.Community = &api.CommunityAction{Type: api.CommunityAction_TYPE_ADD, Communities: p.Communities}
	}
	if p.MED != nil {
		out.Med = &api.MedAction{Type: api.MedAction_TYPE_REPLACE, Value: int64(*p.MED)}
	}
	if p.Prepend > 0 {
		out.AsPrepend = &api.AsPrependAction{Asn: own, Repeat: p.Prepend}
	}
	return out
}
