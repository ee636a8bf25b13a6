package jetstream_test

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/culvertnet/culvert/adapters/jetstream"
)

// external is a server as an operator runs it, with a system account and a monitoring endpoint.
func external(t *testing.T, synced bool) (url string, s *server.Server) {
	t.Helper()
	system, core := server.NewAccount("SYS"), server.NewAccount("CORE")
	s, err := server.NewServer(&server.Options{
		ServerName: "operators", JetStream: true, StoreDir: t.TempDir(), SyncAlways: synced, Host: "127.0.0.1",
		Port:     server.RANDOM_PORT,
		HTTPHost: "127.0.0.1", HTTPPort: server.RANDOM_PORT, NoLog: true, NoSigs: true, SystemAccount: "SYS",
		Accounts: []*server.Account{system, core},
		Users: []*server.User{{Username: "admin", Password: "admin", Account: system},
			{Username: "culvert", Password: "culvert", Account: core}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(30 * time.Second) {
		t.Fatal("server is not ready")
	}
	account, err := s.LookupAccount("CORE")
	if err != nil {
		t.Fatal(err)
	}
	if err := account.EnableJetStream(nil, nil); err != nil {
		t.Fatal(err)
	}
	return s.Addr().String(), s
}

func connect(t *testing.T, address, user string) *nats.Conn {
	t.Helper()
	nc, err := jetstream.Connect(t.Context(), "nats://"+user+":"+user+"@"+address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

func TestOpenWantsAProofOfSync(t *testing.T) {
	for _, synced := range []bool{true, false} {
		address, s := external(t, synced)
		nc := connect(t, address, "culvert")
		monitor := "http://" + s.MonitorAddr().String()
		for name, c := range map[string]struct {
			proof jetstream.Proof
			works bool
		}{
			"none":      {nil, false},
			"monitor":   {jetstream.MonitorReport(monitor), synced},
			"nowhere":   {jetstream.MonitorReport(), false},
			"not there": {jetstream.MonitorReport(monitor + "/x"), false},
			"by name":   {jetstream.AllowUnsynced(), true},
		} {
			h, err := jetstream.Open(t.Context(), nc, jetstream.Options{Synced: c.proof})
			switch {
			case err == nil:
				h.Close()
				if !c.works {
					t.Errorf("synced %t, proof %s: opened", synced, name)
				}
			case c.works:
				t.Errorf("synced %t, proof %s: %v", synced, name, err)
			case !strings.Contains(err.Error(), "prove synced storage"):
				t.Errorf("synced %t, proof %s: the error does not say why: %v", synced, name, err)
			}
		}
	}
}

func TestRefusalSaysWhatToDo(t *testing.T) {
	e := embed(t, jetstream.EmbedOptions{})
	nc, err := e.Conn()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	_, err = jetstream.Open(t.Context(), nc, jetstream.Options{})
	if err == nil || !strings.Contains(err.Error(), "sync_interval: always") {
		t.Errorf("open without a proof: %v", err)
	}
}
