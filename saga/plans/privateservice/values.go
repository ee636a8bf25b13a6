package privateservice

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Hostnames are the names to map, or Auto: all that the service has, which a check step finds out.
type Hostnames struct {
	Auto bool
	List []string
}

const auto = "auto"

// MarshalJSON writes "auto" or the list.
func (h Hostnames) MarshalJSON() ([]byte, error) {
	if h.Auto {
		return json.Marshal(auto)
	}
	return json.Marshal(h.List)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (h *Hostnames) UnmarshalJSON(raw []byte) error {
	var word string
	if json.Unmarshal(raw, &word) == nil && word == auto {
		*h = Hostnames{Auto: true}
		return nil
	}
	*h = Hostnames{}
	if err := json.Unmarshal(raw, &h.List); err != nil {
		return fmt.Errorf("decode hostnames: want %q or a list: %w", auto, err)
	}
	return nil
}

// A Duration is a whole number of seconds, written with s, m or h.
type Duration time.Duration

// Seconds gives the whole seconds.
func (d Duration) Seconds() int { return int(time.Duration(d) / time.Second) }

// MarshalText writes seconds ("60s").
func (d Duration) MarshalText() ([]byte, error) { return []byte(strconv.Itoa(d.Seconds()) + "s"), nil }

// UnmarshalText reads a positive number with one unit: 90s, 5m, 1h.
func (d *Duration) UnmarshalText(text []byte) error {
	units := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}
	s := string(text)
	if s == "" {
		return errors.New("decode duration: it is empty")
	}
	unit, known := units[s[len(s)-1:]]
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 16)
	if !known || err != nil {
		return fmt.Errorf("decode duration %q: want a number with s, m or h", s)
	}
	*d = Duration(time.Duration(n) * unit)
	return nil
}

// A resource is a full name of the vendor's, projects/P/regions/R/<collection>/N or projects/P/global/<collection>/N.
type resource struct{ project, region, collection, name string }

// parseResource reads a full name; ok is false for anything else.
func parseResource(full string) (r resource, ok bool) {
	parts := strings.Split(full, "/")
	switch {
	case slices.Contains(parts, "") || len(parts) < 5 || parts[0] != "projects":
		return resource{}, false
	case len(parts) == 5 && parts[2] == "global":
		return resource{project: parts[1], collection: parts[3], name: parts[4]}, true
	case len(parts) == 6 && parts[2] == "regions":
		return resource{project: parts[1], region: parts[3], collection: parts[4], name: parts[5]}, true
	}
	return resource{}, false
}

// NetworkProject is the project that the network, its subnetworks, addresses, endpoints and zones are in.
func (p Payload) NetworkProject() string {
	r, _ := parseResource(p.Network)
	return r.project
}

// ConnectorProject is the project that the connector is in. With Shared VPC a connector of a service project can only
// stand on a subnetwork (Connecting to a Shared VPC network), so one with a range of its own stands in the host
// project; any other is beside the service.
func (p Payload) ConnectorProject() string {
	if p.Egress != nil && p.Egress.Connector != nil && p.Egress.Connector.IPCIDRRange.IsValid() {
		return p.NetworkProject()
	}
	return p.Service.Project
}
