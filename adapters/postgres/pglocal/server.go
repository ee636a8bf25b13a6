// Package pglocal runs a private PostgreSQL server as a child process, for proofs and tests that need a real one that
// they may kill. It is no part of the product.
package pglocal

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// startWithin bounds how long a server may take until it answers; recovery after a kill is part of it.
const startWithin = 60 * time.Second

// A Server is one PostgreSQL server on loopback with a data folder of its own. Its methods are not for concurrent use.
type Server struct {
	bin, data string
	settings  []string
	port      int
	run       *syscall.Credential
	process   *exec.Cmd
	exited    chan struct{}
	databases atomic.Int64
}

// Start makes a cluster in dir and runs a server on it, with settings ("fsync=off") that differ from its own.
// PostgreSQL refuses to run as root, so for root it runs as Debian's user postgres.
func Start(ctx context.Context, dir string, settings ...string) (*Server, error) {
	s := &Server{data: filepath.Join(dir, "pg"), settings: settings}
	var err error
	if s.bin, err = binaries(); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	if err := s.prepare(dir); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	initdb := s.command(ctx, "initdb", "-D", s.data, "-U", "culvert", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8",
		"--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: initdb: %w: %s", err, out)
	}
	if s.port, err = freePort(); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	if err := s.Run(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// binaries finds the newest server that Debian has installed.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		return "", errors.New("there is no server below /usr/lib/postgresql: apt-get install postgresql")
	}
	slices.Sort(found)
	return filepath.Dir(found[len(found)-1]), nil
}

// prepare makes the data folder and decides who runs the server.
func (s *Server) prepare(dir string) error {
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return err
	}
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return err
	}
	s.run = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	// The user has to come through the folders above, which a test's temporary folder does not allow.
	for at := dir; at != filepath.Dir(at) && at != os.TempDir(); at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return err
		}
		if err := os.Chmod(at, info.Mode().Perm()|0o011); err != nil {
			return err
		}
	}
	return os.Chown(s.data, int(uid), int(gid))
}

func (s *Server) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, name), args...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.run, Pdeathsig: syscall.SIGKILL}
	return cmd
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// Run starts the server on the data that are there, and waits until it answers.
func (s *Server) Run(ctx context.Context) error {
	log, err := os.OpenFile(s.data+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("run PostgreSQL: %w", err)
	}
	defer func() { _ = log.Close() }()
	args := []string{"-D", s.data, "-p", strconv.Itoa(s.port)}
	for _, setting := range append([]string{"listen_addresses=127.0.0.1", "unix_socket_directories=",
		"max_connections=300", "shared_buffers=64MB"}, s.settings...) {
		args = append(args, "-c", setting)
	}
	s.process = s.command(context.WithoutCancel(ctx), "postgres", args...)
	s.process.Stdout, s.process.Stderr = log, log
	if err := s.process.Start(); err != nil {
		return fmt.Errorf("run PostgreSQL: %w", err)
	}
	exited := make(chan struct{})
	s.exited = exited
	go func() {
		_ = s.process.Wait()
		close(exited)
	}()
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-exited:
			return fmt.Errorf("run PostgreSQL: it ended; its log ends: %s", tail(s.data+".log"))
		case <-ctx.Done():
			return fmt.Errorf("run PostgreSQL: no answer: %w; its log ends: %s", err, tail(s.data+".log"))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// URL connects to a database as the superuser.
func (s *Server) URL(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User("culvert"),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), Path: database}
	return u.String()
}

// Database makes an empty database and gives its URL.
func (s *Server) Database(ctx context.Context) (string, error) {
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return "", fmt.Errorf("make database: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	name := fmt.Sprintf("d%d", s.databases.Add(1))
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return "", fmt.Errorf("make database: %w", err)
	}
	return s.URL(name), nil
}

// Pids are the server's main process and its children as they are now, each of which serves a connection or a part of
// the server.
func (s *Server) Pids() []int {
	main := s.process.Process.Pid
	all := []int{main}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", main, main))
	if err != nil {
		return all
	}
	for word := range strings.FieldsSeq(string(children)) {
		if pid, err := strconv.Atoi(word); err == nil {
			all = append(all, pid)
		}
	}
	return all
}

// Stop ends the server in order (fast shutdown: connections are cut).
func (s *Server) Stop() error { return s.end(syscall.SIGINT) }

// Kill ends the server as a power switch would: the main process and, by its death, the others.
func (s *Server) Kill() error { return s.end(syscall.SIGQUIT) }

func (s *Server) end(signal syscall.Signal) error {
	if err := s.process.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end PostgreSQL: %w", err)
	}
	select {
	case <-s.exited:
		return nil
	case <-time.After(startWithin):
		_ = s.process.Process.Kill()
		<-s.exited
		return errors.New("end PostgreSQL: it did not end in time and was killed")
	}
}

func tail(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-2000):])
}
