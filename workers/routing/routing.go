// Package routing is the capability of reachability: who is told of an address, and which way a service's traffic
// leaves. Its steps depend on the small ports below and on claims.
//
// Read this file for the ports, steps.go for the list of steps, then one file a step.
package routing

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Every port method that changes something takes the root of its request ids (see events.CallID) and answers nil when
// it is so, a workers.WaitFor failure when the vendor goes on with it, or a classified failure. Reads answer
// workers.ErrNotFound when there is no such thing. All ports are safe for concurrent use and keep no argument.

// A Target is one place that announces prefixes to others. Via chooses the driver: "cloud-router", "aviatrix", "bgp".
type Target struct {
	Via string `json:"via"`
	// Project, Region and Router are a Cloud Router's; Network is the VPC that the endpoint is in.
	Project string `json:"project,omitempty"`
	Region  string `json:"region,omitempty"`
	Router  string `json:"router,omitempty"`
	Network string `json:"network,omitempty"`
	// Controller and Gateway are an Aviatrix spoke's; Connections are its landing connections that must carry the
	// prefix.
	Controller  string   `json:"controller,omitempty"`
	Gateway     string   `json:"gateway,omitempty"`
	Connections []string `json:"connections,omitempty"`
	// Speaker is a BGP speaker's name, NextHop what it announces (IPv4). A new next hop for a prefix takes the place of
	// the old one (RFC 4271 3.1).
	Speaker string `json:"speaker,omitempty"`
	NextHop string `json:"nextHop,omitempty" change:"change"`
}

// Announcements is a driver's list of announced prefixes at a target: a list that many share, with no lock at the
// vendor.
type Announcements interface {
	// Check reads whether the target can carry announcements of ours at all, and refuses with the reason when it cannot
	// (wrong network, a transit, own-mode peers). Known are the prefixes that its reachable route tables have. A list
	// that has no room is refused as "full", with the known prefixes: the step knows whether its entry is there
	// already.
	Check(ctx context.Context, t Target) (known []string, err error)
	// Read gives the whole list as it is.
	Read(ctx context.Context, t Target) (Announced, error)
	// Write replaces the whole list. A prefix that the list cannot take refuses and names the limit.
	Write(ctx context.Context, req uuid.UUID, t Target, a Announced) error
	// Sight tells who has learned the prefix.
	Sight(ctx context.Context, t Target, prefix string) (Sight, error)
}

// Announced is a target's list.
type Announced struct {
	// Custom says that the target announces this list; otherwise it announces its default and Entries are empty.
	Custom bool
	// Entries are what is announced: for "bgp" with the next hop ("10.0.0.1/32@10.9.0.1"), else the bare prefix.
	Entries []string
	// Defaults is what a target that is not Custom announces by itself: its own ranges (Aviatrix: they must be part of
	// a custom list, else they are withdrawn) or groups (Cloud Router: "ALL_SUBNETS").
	Defaults []string
	// Owners is what the vendor's description field says of an entry, where it has one; "" or absent for others'.
	Owners map[string]string
}

// Sight is what is known of a prefix beyond the target itself.
type Sight struct {
	// Peers are those that should have it, Seen those of them that do as far as can be told: Sent and Acknowledged.
	Peers []string `json:"peers"`
	Seen  []string `json:"seen"`
	// Sent are peers that were told it: a speaker counts one after a sign of life that follows the update, a router by
	// its own status. Whether a peer accepts it, and reaches the next hop, is in no sender's knowledge.
	Sent []string `json:"sent,omitempty"`
	// Acknowledged are peers whose own table has it, where a driver can read that.
	Acknowledged []string `json:"acknowledged,omitempty"`
	// Down are peers without a session, also those that are not waited for.
	Down []Absence `json:"down,omitempty"`
	// Stranded are prefixes of clients, learned from the peers, to which the endpoint's network has no route back: who
	// is there can ask and gets no answer. Only "cloud-router" can tell: a controller and a speaker do not see the
	// network's data plane.
	Stranded []string `json:"stranded,omitempty"`
}

// An Absence is a peer without a session: since when, and what its speaker knows of the reason.
type Absence struct {
	Peer   string    `json:"peer"`
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
}

// absent names the peers without a session, for people.
func (s Sight) absent() string {
	if len(s.Down) == 0 {
		return ""
	}
	var names []string
	for _, d := range s.Down {
		names = append(names, d.Peer)
	}
	return ", without a session with " + strings.Join(names, ", ")
}

// Routes keeps static routes of a VPC.
type Routes interface {
	Get(ctx context.Context, project, name string) (Route, error)
	Create(ctx context.Context, req uuid.UUID, r Route) error
	Delete(ctx context.Context, req uuid.UUID, project, name string) error
	// Default lists the routes for 0.0.0.0/0 of a network, by priority.
	Default(ctx context.Context, network string) ([]Route, error)
}

// A Route is a static route.
type Route struct {
	Project   string
	Name      string
	Network   string
	Dest      string
	NextHopIP string
	Tags      []string
	Priority  int
	Owner     string
}
