package reach

// A NameService is how names are answered in one network.
type NameService struct {
	// Servers are the alternative name servers of an outbound policy; where there are any, they alone answer.
	Servers   Listing[string]
	Responses Listing[Response]
	Zones     Listing[Zone]
}

// A Response is a rule of a response policy: local data, or Passthru for what is answered as if it were not there. With
// an Alias it answers as that name is answered.
type Response struct {
	Name      Name
	Passthru  bool
	Addresses Ranges
	Alias     Name
}

// A ZoneKind says who answers for a zone.
type ZoneKind string

// Kinds of zones.
const (
	PrivateZone    ZoneKind = "private"
	ForwardingZone ZoneKind = "forwarding"
	PeeringZone    ZoneKind = "peering"
)

// A Zone is a zone that the network sees. Target is the network of a peering zone.
type Zone struct {
	Object  string
	Domain  Name
	Kind    ZoneKind
	Target  Realm
	Records []Record
}

// A Record is a name of a zone with all its addresses of both families, or with the Alias of a CNAME. A name with "*."
// fits what is below.
type Record struct {
	Name      Name
	Addresses Ranges
	Alias     Name
}
