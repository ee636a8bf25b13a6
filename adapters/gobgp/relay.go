package gobgp

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// relay passes connections from a listener on to a unix socket, byte by byte.
type relay struct {
	listener net.Listener
	socket   string
	wg       sync.WaitGroup

	mu     sync.Mutex
	closed bool
	open   map[net.Conn]bool
}

func startRelay(listener net.Listener, socket string) *relay {
	r := &relay{listener: listener, socket: socket, open: map[net.Conn]bool{}}
	r.wg.Go(r.accept)
	return r
}

// openTimeout is far more than opening a socket takes.
const openTimeout = 10 * time.Second

// ready waits until the socket answers; its server opens it in a goroutine of its own.
func (r *relay) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := net.Dial("unix", r.socket)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("open API: %w: %w", ctx.Err(), err)
		case <-tick.C:
		}
	}
}

func (r *relay) accept() {
	for {
		in, err := r.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("unix", r.socket)
		if err != nil {
			_ = in.Close()
			continue
		}
		if !r.keep(in, out) {
			return
		}
		r.wg.Go(func() { r.pass(in, out) })
	}
}

// keep notes a pair of connections so that close can end them; false says that it is too late.
func (r *relay) keep(pair ...net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, conn := range pair {
		if r.closed {
			_ = conn.Close()
		}
		r.open[conn] = true
	}
	return !r.closed
}

// pass copies both ways until either side ends.
func (r *relay) pass(in, out net.Conn) {
	defer r.forget(in, out)
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
		r.wg.Go(func() {
			_, _ = io.Copy(way[0], way[1]) // either end is the end of both
			done <- struct{}{}
		})
	}
	<-done
}

func (r *relay) forget(pair ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, conn := range pair {
		_ = conn.Close()
		delete(r.open, conn)
	}
}

func (r *relay) close() {
	r.mu.Lock()
	r.closed = true
	_ = r.listener.Close()
	for conn := range r.open {
		_ = conn.Close()
	}
	r.mu.Unlock()
	r.wg.Wait()
}
