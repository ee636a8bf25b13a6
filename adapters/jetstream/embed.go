package jetstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// startWithin bounds the start of an embedded server; recovery of a large store takes seconds.
const startWithin = 2 * time.Minute

// maxPayload is the largest message of an embedded server: the largest facts of an append with a snapshot several times
// as large. nats-server warns above 8 MiB.
const maxPayload = 8 << 20

// EmbedOptions say how the server inside this process runs.
type EmbedOptions struct {
	// Dir is where it stores; made if it is not there. One process at a time may use it.
	Dir string
	// Listen is "host:port" for clients from outside, port 0 picks a free one; "" lets only this process in.
	Listen string
	// Monitor is "host:port" of the server's monitoring endpoint, by which processes that join from outside get their
	// proof that it syncs; "" opens none.
	Monitor string
	// MaxStore bounds the bytes on disk; zero is three quarters of the disk. The server's own default, of what is free
	// when it starts, would leave no room to a server that starts on a full disk, also once there is space again.
	MaxStore int64
	// Log takes the server's warnings and errors; nil drops them.
	Log *slog.Logger
}

// Embedded is a NATS server with JetStream in this process. It syncs every message before it acknowledges it. Its
// methods are safe for concurrent use.
type Embedded struct {
	opts *server.Options
	log  *slog.Logger
	lock *os.File

	// running is replaced when a server that cannot write any more is started anew (heal.go).
	running  atomic.Pointer[server.Server]
	writable atomic.Pointer[spell]
	end      context.CancelFunc
	healing  sync.WaitGroup
}

// Embed starts a server. It fails when the server's own report does not say that it syncs always.
func Embed(o EmbedOptions) (*Embedded, error) {
	if o.Dir == "" {
		return nil, errors.New("embed broker: Dir is empty")
	}
	opts := &server.Options{
		ServerName: "culvert", JetStream: true, StoreDir: o.Dir, SyncAlways: true, JetStreamMaxStore: o.MaxStore,
		MaxPayload: maxPayload, NoSigs: true, NoLog: o.Log == nil, DontListen: true,
	}
	if o.Listen != "" {
		if err := listen(opts, o.Listen); err != nil {
			return nil, fmt.Errorf("embed broker: %w", err)
		}
	}
	if o.Monitor != "" {
		if err := monitor(opts, o.Monitor); err != nil {
			return nil, fmt.Errorf("embed broker: %w", err)
		}
	}
	if err := os.MkdirAll(o.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("embed broker: %w", err)
	}
	if opts.JetStreamMaxStore == 0 {
		size, err := diskBytes(o.Dir)
		if err != nil {
			return nil, fmt.Errorf("embed broker: %w", err)
		}
		opts.JetStreamMaxStore = size / 4 * 3
	}
	lock, err := lockDir(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("embed broker: %w", err)
	}
	e, err := start(opts, o.Log)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("embed broker in %s: %w", o.Dir, err), lock.Close())
	}
	e.lock = lock
	return e, nil
}

func monitor(opts *server.Options, address string) error {
	host, port, err := hostPort(address)
	if err != nil {
		return fmt.Errorf("monitor on %q: %w", address, err)
	}
	opts.HTTPHost, opts.HTTPPort = host, port
	return nil
}

// hostPort reads an address as the server's options have it: a free port is -1.
func hostPort(address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("port: %w", err)
	}
	if n == 0 {
		return host, server.RANDOM_PORT, nil
	}
	return host, int(n), nil
}

func listen(opts *server.Options, address string) error {
	host, port, err := hostPort(address)
	if err != nil {
		return fmt.Errorf("listen on %q: %w", address, err)
	}
	// The server would try a taken port until its start times out; who has it is better told at once.
	probe, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen on %q: %w", address, err)
	}
	if err := probe.Close(); err != nil {
		return fmt.Errorf("listen on %q: %w", address, err)
	}
	opts.DontListen, opts.Host, opts.Port = false, host, port
	return nil
}

func start(opts *server.Options, log *slog.Logger) (*Embedded, error) {
	e := &Embedded{opts: opts, log: log, end: func() {}}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	e.newSpell()
	if err := e.run(); err != nil {
		return nil, err
	}
	s := e.running.Load()
	if addr, is := s.Addr().(*net.TCPAddr); is { // the same ports whenever it is started anew
		opts.Port = addr.Port
	}
	if addr := s.MonitorAddr(); addr != nil {
		opts.HTTPPort = addr.Port
	}
	ctx, end := context.WithCancel(context.Background())
	e.end = end
	e.healing.Go(func() { e.heal(ctx) })
	return e, nil
}

// run starts a server with the options.
func (e *Embedded) run() error {
	s, err := server.NewServer(e.opts.Clone())
	if err != nil {
		return err
	}
	if !e.opts.NoLog {
		s.SetLoggerV2(serverLog{e.log}, false, false, false)
	}
	s.Start()
	if !s.ReadyForConnections(startWithin) {
		s.Shutdown()
		s.WaitForShutdown()
		return fmt.Errorf("server is not ready after %v", startWithin)
	}
	e.running.Store(s)
	if err := e.AssertSynced(context.Background()); err != nil {
		s.Shutdown()
		s.WaitForShutdown()
		return err
	}
	return nil
}

// InProcessConn makes the server one that connections inside the process find again after it was started anew.
func (e *Embedded) InProcessConn() (net.Conn, error) { return e.running.Load().InProcessConn() }

// AssertSynced reads from the server's own report that every message is synced before it is acknowledged.
func (e *Embedded) AssertSynced(context.Context) error {
	report, err := e.running.Load().Jsz(&server.JSzOptions{Config: true})
	if err != nil {
		return fmt.Errorf("read the server's report: %w", err)
	}
	return checkReport(*report)
}

// Conn opens a connection inside the process, which needs no listener. The caller closes it.
func (e *Embedded) Conn() (*nats.Conn, error) {
	nc, err := nats.Connect("", append(connOptions(), nats.InProcessServer(e))...)
	if err != nil {
		return nil, fmt.Errorf("connect inside the process: %w", err)
	}
	return nc, nil
}

// URL is where clients from outside connect, with the port that was picked; "" when there is no listener.
func (e *Embedded) URL() string {
	if e.running.Load().Addr() == nil {
		return ""
	}
	return "nats://" + e.running.Load().Addr().String()
}

// Monitor is the URL of the monitoring endpoint; "" when there is none.
func (e *Embedded) Monitor() string {
	if e.running.Load().MonitorAddr() == nil {
		return ""
	}
	return "http://" + e.running.Load().MonitorAddr().String()
}

// Close stops the server when its store is flushed. Its connections end.
func (e *Embedded) Close() error {
	e.end()
	e.healing.Wait()
	e.running.Load().Shutdown()
	e.running.Load().WaitForShutdown()
	if e.lock == nil {
		return nil
	}
	return e.lock.Close()
}

// serverLog gives the server's log lines to slog. Only what an operator may have to act upon is passed on.
type serverLog struct{ log *slog.Logger }

func (serverLog) Noticef(string, ...any)              {}
func (serverLog) Debugf(string, ...any)               {}
func (serverLog) Tracef(string, ...any)               {}
func (l serverLog) Warnf(format string, args ...any)  { l.log.Warn(fmt.Sprintf(format, args...)) }
func (l serverLog) Errorf(format string, args ...any) { l.log.Error(fmt.Sprintf(format, args...)) }
func (l serverLog) Fatalf(format string, args ...any) { l.log.Error(fmt.Sprintf(format, args...)) }
