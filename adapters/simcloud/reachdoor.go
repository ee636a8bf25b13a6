package simcloud

import (
	"net/http"
	"strconv"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/adapters/simcloud/reach"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// reach answers GET /sim/reach?from=PLACE&to=PLACE|ADDRESS|NAME&proto=tcp&port=443[&name=HOST][&v6=true]: what
// the world
// does with this packet and with its answer.
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
