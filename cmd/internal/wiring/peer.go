package wiring

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/culvertnet/culvert/adapters/gobgp"
)

// PeerConfig is a router that a speaker announces to. The password is in a file, never here.
type PeerConfig struct {
	Address      string `yaml:"address"`
	Port         int    `yaml:"port"`
	ASN          uint32 `yaml:"asn"`
	LocalAddress string `yaml:"localAddress"`
	PasswordFile string `yaml:"passwordFile"`
	// Hops is the largest distance; TTLSecurity holds the peer to it (RFC 5082).
	Hops        uint32 `yaml:"hops"`
	TTLSecurity bool   `yaml:"ttlSecurity"`
	// HoldTime and Keepalive are "30s" and the like.
	HoldTime  time.Duration `yaml:"holdTime"`
	Keepalive time.Duration `yaml:"keepalive"`
	// Communities, MED and Prepend go with every prefix.
	Communities []string `yaml:"communities"`
	MED         *uint32  `yaml:"med"`
	Prepend     uint32   `yaml:"prepend"`
	MaxPrefixes int      `yaml:"maxPrefixes"`
	// GracefulRestart is how long the peer keeps the paths of a speaker that restarts; 0s turns it off, and without the
	// field it is two minutes.
	GracefulRestart *time.Duration `yaml:"gracefulRestart"`
	// Optional: an intent may complete while the peer is down.
	Optional bool `yaml:"optional"`
}

// validate tells every field that cannot be meant, by its path.
func (p PeerConfig) validate(own uint32, need func(good bool, format string, args ...any), at string) {
	need(p.Port >= 0 && p.Port <= 65535, "%s.port: %d is no port", at, p.Port)
	need(p.GracefulRestart == nil || *p.GracefulRestart >= 0, "%s.gracefulRestart is negative; 0s turns it off", at)
	for _, err := range parts(p.peer().Validate(own)) {
		need(false, "%s.%v", at, err)
	}
}

// parts are the errors that one joins.
func parts(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var out []error
	for _, e := range joined.Unwrap() {
		out = append(out, parts(e)...)
	}
	return out
}

// peer is the peer without its password.
func (p PeerConfig) peer() gobgp.Peer {
	out := gobgp.Peer{
		Address: p.Address, Port: uint16(p.Port), ASN: p.ASN, LocalAddress: p.LocalAddress, Hops: p.Hops,
		TTLSecurity: p.TTLSecurity, HoldTime: p.HoldTime, Keepalive: p.Keepalive, Communities: p.Communities,
		MED: p.MED, Prepend: p.Prepend, MaxPrefixes: p.MaxPrefixes,
	}
	if p.GracefulRestart != nil {
		if out.RestartTime = *p.GracefulRestart; out.RestartTime == 0 {
			out.RestartTime = -1
		}
	}
	return out
}

// withPassword reads the peer's password, when there is one. A new one is taken when the speaker starts again.
func (p PeerConfig) withPassword() (gobgp.Peer, error) {
	out := p.peer()
	if p.PasswordFile == "" {
		return out, nil
	}
	b, err := os.ReadFile(p.PasswordFile)
	if err != nil {
		return out, fmt.Errorf("peer %s: passwordFile: %w", p.Address, err)
	}
	if out.Password = strings.TrimRight(string(b), "\r\n"); out.Password == "" {
		return out, fmt.Errorf("peer %s: passwordFile: %s is empty", p.Address, p.PasswordFile)
	}
	return out, nil
}

// remote is the speaker as workers see it.
func (s SpeakerConfig) remote() gobgp.Remote {
	out := gobgp.Remote{Address: s.GRPC}
	var peers []gobgp.Peer
	for _, p := range s.Peers {
		peers = append(peers, p.peer())
		if a, err := netip.ParseAddr(p.Address); err == nil && p.Optional {
			out.Optional = append(out.Optional, a.String())
		}
	}
	out.MaxPrefixes = gobgp.MaxPrefixes(peers)
	return out
}
