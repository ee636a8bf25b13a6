package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// A Proof tells, from the servers' own report, that an acknowledged message is on stable storage, or why that is not known.
type Proof func(context.Context) error

// advice ends every refusal with what the operator can do.
const advice = `set "sync_interval: always" in the jetstream block of every server, or allow unsynced storage by name, knowing that a power failure can then lose what was acknowledged`

// SystemReport asks every server through a connection of the system account ($SYS). It wants an answer from as many servers
// as the JetStream cluster has.
func SystemReport(system *nats.Conn) Proof {
	return func(ctx context.Context) error {
		reports, err := askServers(ctx, system)
		if err != nil {
			return fmt.Errorf("prove synced storage: ask the system account: %w", err)
		}
		return checkReports(reports)
	}
}

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
	return errors.New("prove synced storage: no way to ask the servers was given (a system account or monitoring endpoints); " + advice)
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

// gather is how long answers of servers may lag behind the first.
const gather = 500 * time.Millisecond

func askServers(ctx context.Context, system *nats.Conn) ([]server.JSInfo, error) {
	inbox := system.NewInbox()
	sub, err := system.SubscribeSync(inbox)
	if err != nil {
		return nil, err
	}
	defer func() { _ = sub.Unsubscribe() }()
	if err := system.PublishRequest("$SYS.REQ.SERVER.PING.JSZ", inbox, []byte(`{"config":true}`)); err != nil {
		return nil, err
	}
	var reports []server.JSInfo
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for {
		m, err := sub.NextMsgWithContext(ctx)
		switch {
		case len(reports) > 0 && errors.Is(err, context.DeadlineExceeded):
			return reports, nil
		case err != nil:
			return nil, err
		}
		var answer struct {
			Data  server.JSInfo    `json:"data"`
			Error *server.ApiError `json:"error"`
		}
		if err := json.Unmarshal(m.Data, &answer); err != nil {
			return nil, fmt.Errorf("decode report: %w", err)
		}
		if answer.Error != nil {
			return nil, answer.Error
		}
		if !answer.Data.Disabled { // a server of the cluster without JetStream stores nothing
			reports = append(reports, answer.Data)
		}
		var done context.CancelFunc
		ctx, done = context.WithTimeout(ctx, gather)
		defer done()
	}
}

func getReport(ctx context.Context, endpoint string, into *server.JSInfo) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(endpoint, "/")+"/jsz?config=true", nil)
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
