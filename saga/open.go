package saga

import "github.com/culvertnet/culvert/events"

// Open renders every command that is out, from the state alone: the same state gives the same commands, so a lost one
// is found again by reading the journal.
func Open(s State) []events.Command {
	commands := s.surveyCommands()
	if s.Saga == nil {
		return commands
	}
	for _, st := range s.Saga.Steps {
		if st.Open == nil {
			continue
		}
		commands = append(commands, events.Command{
			Connection: s.Key, Saga: s.SagaID(s.Saga.N), Step: st.Name, Kind: st.Kind,
			Capability: Node{Kind: st.Kind}.Capability(),
			Generation: st.Generation, Epoch: st.Open.Epoch, Verb: st.Open.Verb, Purpose: st.Open.Purpose,
			Name:      st.Object,
			RequestID: st.RequestID, Due: st.Open.Due, Deadline: st.Open.Deadline, Since: st.Since,
			Operation: st.Open.Operation,
			Input:     st.Open.Input, Output: st.Output, Expedite: st.Open.Expedite || len(s.Queue) > 0,
		})
	}
	return commands
}
