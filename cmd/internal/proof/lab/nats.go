package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/culvertnet/culvert/adapters/jetstream/natslocal"
)

// R3Servers is how many servers keep every stream.
const R3Servers = 3

// StartR3 starts a cluster of three servers, built from the version in go.mod, and gives the flags that lead there.
func StartR3(ctx context.Context, l *Lab) (*natslocal.Cluster, *Backend, error) {
	cluster, err := natslocal.Start(ctx, filepath.Join(l.Settings.Bin, "nats-server"), l.Dir, R3Servers)
	if err != nil {
		return nil, nil, err
	}
	l.Ends = append(l.Ends, cluster.Close)
	config, err := l.configFile("nats: {replicas: 3}\n")
	if err != nil {
		return nil, nil, err
	}
	return cluster, &Backend{
		Flags: []string{"--nats-url", cluster.URL(), "--nats-monitors", strings.Join(cluster.Monitors(), ","),
			"--config", config},
		Stores: cluster.Pids, Quorum: R3Servers/2 + 1, Report: NATSReport(cluster.Monitors()...),
		Observe: func() (*Results, error) { return ObserveNATS(cluster.URL()) },
	}, nil
}

// r3Backend is a cluster of three servers as a backend.
func r3Backend(ctx context.Context, l *Lab) (*Backend, error) {
	_, f, err := StartR3(ctx, l)
	return f, err
}

// NATSReport reads sync_always from the monitoring endpoints of NATS servers.
func NATSReport(monitors ...string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		var said []string
		for _, m := range monitors {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, m+"/jsz?config=true", nil)
			if err != nil {
				return "", err
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				return "", err
			}
			body, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if err != nil {
				return "", err
			}
			var report struct {
				Config struct {
					SyncAlways bool `json:"sync_always"`
				} `json:"config"`
			}
			if err := json.Unmarshal(body, &report); err != nil {
				return "", err
			}
			said = append(said, fmt.Sprintf("sync_always=%t", report.Config.SyncAlways))
		}
		return strings.Join(said, " "), nil
	}
}
