package aviatrix

import (
	"context"
	"fmt"
	"regexp"
	"strconv"

	"github.com/culvertnet/culvert/workers"
)

// version is a controller's software version. FQDN tags exist up to 8.2 and are gone from 9.0; the calls of the
// distributed firewall used here are taken for usable from 9.0 (A.0).
type version struct{ major, minor int }

// current matches "UserConnect-8.2.20", "8.2-1000.1234", "10.0".
var current = regexp.MustCompile(`(\d+)\.(\d+)`)

func parseVersion(text string) (version, error) {
	m := current.FindStringSubmatch(text)
	if m == nil {
		return version{}, fmt.Errorf("read version %q: no number in it", text)
	}
	major, errMajor := strconv.Atoi(m[1])
	minor, errMinor := strconv.Atoi(m[2])
	if errMajor != nil || errMinor != nil {
		return version{}, fmt.Errorf("read version %q: numbers too large", text)
	}
	return version{major, minor}, nil
}

func (v version) String() string { return fmt.Sprintf("%d.%d", v.major, v.minor) }

// tags tells whether the controller has FQDN tags.
func (v version) tags() bool { return v.major < 8 || (v.major == 8 && v.minor <= 2) }

// webgroups tells whether the controller filters by WebGroups only.
func (v version) webgroups() bool { return v.major >= 9 }

// enforcement tells whether rules of the distributed firewall have this field; before, they have "watch" only.
func (v version) enforcement() bool { return v.major > 10 || v.major == 10 && v.minor >= 1 }

// deploys tells whether the controller has a deployment policy; before, the firewall is on every gateway.
func (v version) deploys() bool { return v.major > 8 || v.major == 8 && v.minor >= 2 }

// version is read each time: a controller is upgraded, or restored from a backup, while this process runs.
func (c *controller) version(ctx context.Context) (version, error) {
	var info struct {
		Current string `json:"current_version"`
	}
	if err := c.read(ctx, "list_version_info", nil, &info); err != nil {
		return version{}, fmt.Errorf("read version of %s: %w", c.name, err)
	}
	v, err := parseVersion(info.Current)
	if err != nil {
		return version{}, workers.Refuse("unsupported", "%s: %w", c.name, err)
	}
	return v, nil
}
