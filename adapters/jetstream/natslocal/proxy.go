package natslocal

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

// A proxy stands before one server's route port. Routes to it, and those that it makes through the others' proxies, can
// be cut off or slowed; who has dialled is known from the server id in the first words of its protocol.
type proxy struct {
	listener net.Listener
	target   string
	links    *links
	served   sync.WaitGroup
}

// links is the state of the network between the servers of a cluster, shared by its proxies.
type links struct {
	mu   sync.Mutex
	cut  map[string]bool          // by server id: nothing goes in or out
	slow map[string]time.Duration // by server id: how late everything is
	open map[*link]struct{}
	// owner is the server id behind a route address.
	owner map[string]string
}

func newLinks() *links {
	return &links{cut: map[string]bool{}, slow: map[string]time.Duration{}, open: map[*link]struct{}{},
		owner: map[string]string{}}
}

// link is one connection through a proxy.
type link struct {
	a, b net.Conn
	// first is what the dialler has said at first; ends is the server it has dialled.
	first, target string
}

// of tells whether a server is at one of the link's ends. The caller holds mu.
func (l *links) of(k *link, id string) bool {
	return l.owner[k.target] == id || strings.Contains(k.first, id)
}

func newProxy(target string, l *links) (*proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start proxy: %w", err)
	}
	p := &proxy{listener: listener, target: target, links: l}
	p.served.Go(p.serve)
	return p, nil
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

func (p *proxy) close() {
	_ = p.listener.Close()
	p.links.each(func(k *link) bool { return k.target == p.target }, (*link).close)
	p.served.Wait()
}

func (p *proxy) serve() {
	for {
		a, err := p.listener.Accept()
		if err != nil {
			return
		}
		b, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = a.Close()
			continue
		}
		k := &link{a: a, b: b, target: p.target}
		p.links.mu.Lock()
		p.links.open[k] = struct{}{}
		p.links.mu.Unlock()
		p.served.Go(func() { p.links.pump(k, a, b, true) })
		p.served.Go(func() { p.links.pump(k, b, a, false) })
	}
}

func (k *link) close() {
	_ = k.a.Close()
	_ = k.b.Close()
}

// pump carries one direction, as the network is at the moment. What a cut-off server says is swallowed, as a network
// without a way does; the connection stays, and ends when the servers miss their pings or the cut is healed.
func (l *links) pump(k *link, from, to net.Conn, dialler bool) {
	defer func() {
		k.close()
		l.mu.Lock()
		delete(l.open, k)
		l.mu.Unlock()
	}()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		l.mu.Lock()
		if dialler && len(k.first) < 4096 {
			k.first += string(buffer[:min(n, 4096)])
		}
		cut, late := false, time.Duration(0)
		for id := range l.cut {
			cut = cut || l.of(k, id)
		}
		for id, d := range l.slow {
			if l.of(k, id) {
				late = max(late, d)
			}
		}
		l.mu.Unlock()
		if cut {
			continue
		}
		if late > 0 {
			time.Sleep(late)
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// each does something with every open link that is chosen.
func (l *links) each(chosen func(*link) bool, do func(*link)) {
	l.mu.Lock()
	var all []*link
	for k := range l.open {
		if chosen(k) {
			all = append(all, k)
		}
	}
	l.mu.Unlock()
	for _, k := range all {
		do(k)
	}
}

// heal ends cuts and delays. Links from which words were swallowed are closed: half a protocol is none.
func (l *links) heal() {
	l.mu.Lock()
	cut := l.cut
	l.cut, l.slow = map[string]bool{}, map[string]time.Duration{}
	l.mu.Unlock()
	l.each(func(k *link) bool {
		for id := range cut {
			if l.of(k, id) {
				return true
			}
		}
		return false
	}, (*link).close)
}
