package world

import (
	"net/http"
	"time"
)

// Call names one call of a vendor's API for the faults: Name is the vendor's own (`routers.patch`), Resource the thing
// it is about.
type Call struct{ Vendor, Name, Resource string }

// Answer is a complete HTTP answer.
type Answer struct {
	Status int
	Header http.Header // may be nil
	Body   []byte
}

// Shapes is how a vendor words what the faults make it say.
type Shapes struct {
	Refuse      func(Fault) Answer // a permanent refusal
	Unavailable func(Fault) Answer // a passing failure, for FailBefore and FailAfter
	Throttle    func(Fault) Answer
	// Inside tells whether the API carries this fault out itself: then the handler runs and finds it in Tx.Fault. nil
	// = never. ExpireSession is always given to the handler.
	Inside func(Fault) bool
}

// Serve answers one call: it takes a fault for it, runs the handler in a transaction where the fault leaves an effect,
// and writes the answer after the transaction is on file. The handler must not block.
func (w *World) Serve(rw http.ResponseWriter, r *http.Request, g Guard) {
	fault, hit := w.Fault(g.Call.Vendor, g.Call.Name, g.Call.Resource)
	if !hit {
		w.run(g, nil).Send(rw)
		return
	}
	if fault.Mode == ExpireSession || (g.Shapes.Inside != nil && g.Shapes.Inside(fault)) {
		w.run(g, &fault).Send(rw)
		return
	}
	switch fault.Mode {
	case SlowOperation:
		w.slow(g, fault.Delay).Send(rw)
	case Refuse:
		g.Shapes.Refuse(fault).Send(rw)
	case Throttle:
		g.Shapes.Throttle(fault).Send(rw)
	case FailBefore, Unreachable:
		g.Shapes.Unavailable(fault).Send(rw)
	case FailAfter:
		w.run(g, nil)
		g.Shapes.Unavailable(fault).Send(rw)
	case LoseReply:
		w.run(g, nil)
		panic(http.ErrAbortHandler) // the server ends the connection without an answer
	case Delay:
		answer := w.run(g, nil)
		select {
		case <-w.WaitReal(fault.Delay):
		case <-r.Context().Done():
		}
		answer.Send(rw)
	}
}

// Guard is a call with its handler and the vendor's words.
type Guard struct {
	Call   Call
	Shapes Shapes
	Run    func(*Tx) Answer
}

func (w *World) run(g Guard, fault *Fault) Answer {
	return w.do(g, func(tx *Tx) { tx.Fault = fault })
}

// slow runs a call whose changes under way all take longer.
func (w *World) slow(g Guard, longer time.Duration) Answer {
	return w.do(g, func(tx *Tx) { tx.slower = longer })
}

func (w *World) do(g Guard, prepare func(*Tx)) Answer {
	var answer Answer
	err := w.Do(func(tx *Tx) error {
		prepare(tx)
		answer = g.Run(tx)
		return nil
	})
	if err != nil {
		return Answer{Status: http.StatusInternalServerError, Body: []byte(err.Error())}
	}
	return answer
}

// Send writes the answer. Only an answer that no fault may touch is sent without Serve.
func (a Answer) Send(rw http.ResponseWriter) {
	for k, vs := range a.Header {
		rw.Header()[k] = vs
	}
	if rw.Header().Get("Content-Type") == "" {
		rw.Header().Set("Content-Type", "application/json; charset=UTF-8")
	}
	rw.WriteHeader(a.Status)
	_, _ = rw.Write(a.Body) // the caller may be gone; the effect is on file
}
