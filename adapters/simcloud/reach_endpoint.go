package simcloud

import (
	"net/http"
	"strconv"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/adapters/simcloud/reach"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// reach answers GET /sim/reach?from=PLACE&to=PLACE|ADDRESS|NAME&proto=tcp&port=443[&name=HOST][&v6=true]: what the
// world does with this packet and with its answer.
func (s *Server) reach(rw http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	question := reach.Question{From: q.Get("from"), To: q.Get("to"), Proto: q.Get("proto"), Name: q.Get("name"),
		V6: q.Get("v6") == "true"}
	var err error
	if port := q.Get("port"); port != "" {
		if question.Port, err = strconv.Atoi(port); err != nil {
			problem(rw, http.StatusBadRequest, "invalid port "+strconv.Quote(port)+": want a number")
			return
		}
	}
	if answers := s.answers(rw, nil, question); answers != nil {
		say(rw, http.StatusOK, answers[0])
	}
}

// reachAll answers POST /sim/reach with many packets, all in the world of one moment, and under other positions of the
// switches if the body has some; the world's own positions stay.
func (s *Server) reachAll(rw http.ResponseWriter, r *http.Request) {
	var asked control.Packets
	if !read(rw, r, &asked) {
		return
	}
	for name := range asked.Switches {
		if err := reach.CheckSwitch(name); err != nil {
			problem(rw, http.StatusBadRequest, err.Error())
			return
		}
	}
	var questions []reach.Question
	for _, p := range asked.Packets {
		questions = append(questions, reach.Question(p))
	}
	if answers := s.answers(rw, asked.Switches, questions...); answers != nil {
		say(rw, http.StatusOK, answers)
	}
}

// answers judges packets in a snapshot, so that the world goes on meanwhile. A question that is refused is the answer
// to the request, and nil is returned.
func (s *Server) answers(rw http.ResponseWriter, other map[string]bool, questions ...reach.Question) []reach.Answer {
	snapshot, err := s.snapshot()
	if err != nil {
		problem(rw, http.StatusInternalServerError, err.Error())
		return nil
	}
	snapshot = snapshot.Under(other)
	answers := []reach.Answer{}
	for _, q := range questions {
		a, err := snapshot.Answer(q)
		if err != nil {
			problem(rw, http.StatusBadRequest, err.Error())
			return nil
		}
		answers = append(answers, a)
	}
	return answers
}

func (s *Server) snapshot() (*reach.Snapshot, error) {
	var snapshot *reach.Snapshot
	err := s.World.Do(func(tx *world.Tx) error {
		snapshot = reach.Read(tx)
		return nil
	})
	return snapshot, err
}

// switches lists what no document decides, and how this world decides it.
func (s *Server) switches(rw http.ResponseWriter, _ *http.Request) {
	snapshot, err := s.snapshot()
	if err != nil {
		problem(rw, http.StatusInternalServerError, err.Error())
		return
	}
	out := []control.Switch{}
	for _, known := range reach.Switches() {
		out = append(out, control.Switch{
			Name: known.Name, On: snapshot.Settings().On(known.Name), Default: known.Default, Why: known.Why,
		})
	}
	say(rw, http.StatusOK, out)
}

func (s *Server) setSwitch(rw http.ResponseWriter, r *http.Request) {
	var wanted control.SwitchTo
	if !read(rw, r, &wanted) {
		return
	}
	if err := reach.CheckSwitch(wanted.Name); err != nil {
		problem(rw, http.StatusBadRequest, err.Error())
		return
	}
	err := s.World.Do(func(tx *world.Tx) error {
		reach.Set(tx, wanted.Name, wanted.On)
		return nil
	})
	if err != nil {
		problem(rw, http.StatusInternalServerError, err.Error())
		return
	}
	say(rw, http.StatusOK, map[string]any{})
}
