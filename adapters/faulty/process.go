package faulty

import (
	"context"
	"errors"
	"sync"
)

// ErrDead is what every call of a dead process gets.
var ErrDead = errors.New("the process is dead")

// ErrLost is what a call gets whose answer is lost.
var ErrLost = errors.New("the answer is lost")

// A Process is what dies. Its ports are made by Journal, Bus, Claims and Marks. Safe for concurrent use.
type Process struct {
	script *Script
	dead   chan struct{}
	once   sync.Once
	die    func()
}

// NewProcess makes a live process; die is called once when it dies, and ends what runs in it.
func NewProcess(s *Script, die func()) *Process {
	return &Process{script: s, dead: make(chan struct{}), die: die}
}

// Kill lets the process die now.
func (p *Process) Kill() {
	p.once.Do(func() {
		close(p.dead)
		p.die()
	})
}

// Dead is closed when the process has died.
func (p *Process) Dead() <-chan struct{} { return p.dead }

// Call does something between two points. A process that dies before it does nothing; one that dies after it, or does
// not get the answer, has done it and does not know.
func (p *Process) Call(ctx context.Context, name string, do func() error) error {
	if err := p.before(name); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err := do()
	kind, dead := p.blow("after " + name)
	switch {
	case dead != nil:
		return dead
	case kind == Lost:
		return ErrLost
	}
	return err
}

func (p *Process) before(name string) error { return p.at("before " + name) }

func (p *Process) at(point string) error {
	_, err := p.blow(point)
	return err
}

// blow passes a point; the kinds that do not kill are the caller's to carry out.
func (p *Process) blow(point string) (Kind, error) {
	if err := p.alive(); err != nil {
		return "", err
	}
	kind := p.script.pass(point)
	if kind == Death {
		p.Kill()
		return kind, ErrDead
	}
	return kind, nil
}

// alive is for calls that are no points of their own: reads.
func (p *Process) alive() error {
	select {
	case <-p.dead:
		return ErrDead
	default:
		return nil
	}
}
