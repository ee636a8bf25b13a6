// Package aviatrix drives Aviatrix controllers: a spoke's list of advertised prefixes ([routing.Announcements] for via
// "aviatrix"), FQDN tags ([policy.Filters] for "aviatrix-fqdn", controllers up to 8.2), WebGroups with their shared
// rule set ([policy.Filters] and [policy.RuleLists] for "aviatrix-webgroup", controllers from 9.0) and the controllers'
// long tasks ([workers.Operations] for handles "aviatrix:..."). It reads what decides about packets at the gateways
// ([observe.Gateways], files facts*.go) and changes nothing by that.
//
// It is a thin client of its own: the vendor's Go client skips TLS verification, shares its session without a lock and
// sets no deadline. It creates no gateways, attachments or connections, and never retries: the one repetition is after
// a session has expired, where the refused call did nothing.
//
// The API has no optimistic lock and no request ids, so the ports' request ids are not sent; lists that many share are
// serialised by claims, and every whole-list write is read back here.
//
// Sources are cited as A (the wire notes: public manual, public Terraform provider). "guess:" marks what neither tells.
//
// Read client.go first, then session.go and call.go for the wire, errors.go for what a reason means, then one file a
// noun.
package aviatrix
