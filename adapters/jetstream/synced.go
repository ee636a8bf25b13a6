package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
)

// A Proof tells, from the servers' own report, that an acknowledged message is on stable storage, or why that is not
// known.
type Proof func(context.Context) error

// advice ends every refusal with what the operator can do.
const advice = `set "sync_interval: always" in the jetstream block of every server, or allow unsynced storage by name, knowing that a power failure can then lose what was acknowledged`

// MonitorReport asks the monitoring endpoint of each server ("http://host:8222"). An endpoint has to be named for every
// server of a cluster.
func MonitorReport(endpoints ...string) Proof {
	return func(ctx context.Context) error {
		reports := make([]server.JSInfo, len(endpoints))
		for i, endpoint := range endpoints {
			if err := getReport(ctx, endpoint, &reports[i]); err != nil {
				return fmt.Errorf("prove synced storage: ask %s: %w", endpoint, err)
			}
		}
		return checkReports(reports)
	}
}

// AllowUnsynced proves nothing. Its name in the wiring is the operator's word that what is acknowledged may be lost.
func AllowUnsynced() Proof { return func(context.Context) error { return nil } }

func refuseUnproved(context.Context) error {
	return errors.New(
		"prove synced storage: no way to ask the servers was given (their monitoring endpoints); " + advice,
	)
}

// checkReports wants every server of the cluster to have answered, and each to sync always.
func checkReports(reports []server.JSInfo) error {
	if len(reports) == 0 {
		return errors.New("prove synced storage: no server answered; " + advice)
	}
	for _, r := range reports {
		if err := checkReport(r); err != nil {
			return err
		}
		if r.Meta != nil && r.Meta.Size > len(reports) {
			return fmt.Errorf("prove synced storage: %d of %d servers answered", len(reports), r.Meta.Size)
		}
	}
	return nil
}

func checkReport(r server.JSInfo) error {
	if r.Disabled || !r.Config.SyncAlways {
		return fmt.Errorf("prove synced storage: server %s reports JetStream disabled=%t sync_always=%t; %s",
			r.ID, r.Disabled, r.Config.SyncAlways, advice)
	}
	return nil
}

func getReport(ctx context.Context, endpoint string, into *server.JSInfo) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(endpoint, "/")+"/jsz?config=true",
		nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", answer.Status)
	}
	return json.NewDecoder(answer.Body).Decode(into)
}
