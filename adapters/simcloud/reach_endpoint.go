package simcloud

import (
	"maps"
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
	var answer reach.Answer
	err = s.World.Do(func(tx *world.Tx) error {
		var refused error
		answer, refused = reach.Read(tx).Answer(question)
		return refused
	})
	if err != nil {
		problem(rw, http.StatusBadRequest, err.Error())
		return
	}
	say(rw, http.StatusOK, answer)
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
	answers := []reach.Answer{}
	err := s.World.Do(func(tx *world.Tx) error {
		snapshot := reach.Read(tx)
		settings := reach.Settings(maps.Clone(map[string]bool(snapshot.Settings())))
		maps.Copy(settings, asked.Switches)
		snapshot = snapshot.With(settings)
		for _, p := range asked.Packets {
			a, err := snapshot.Answer(reach.Question{From: p.From, To: p.To, Proto: p.Proto, Port: p.Port,
				Name: p.Name, V6: p.V6})
			if err != nil {
				return err
			}
			answers = append(answers, a)
		}
		return nil
	})
	if err != nil {
		problem(rw, http.StatusBadRequest, err.Error())
		return
	}
	say(rw, http.StatusOK, answers)
}

// switches lists what no document decides, and how this world decides it.
func (s *Server) switches(rw http.ResponseWriter, _ *http.Request) {
	var set reach.Settings
	err := s.World.Do(func(tx *world.Tx) error {
		set = reach.Read(tx).Settings()
		return nil
	})
	if err != nil {
		problem(rw, http.StatusInternalServerError, err.Error())
		return
	}
	out := []control.Switch{}
	for _, known := range reach.Switches() {
		out = append(out, control.Switch{Name: known.Name, On: set.On(known.Name), Default: known.Default,
			Why: known.Why})
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
