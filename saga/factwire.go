package saga

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// factTable gives each fact its name in journals and a number. Both are frozen (testdata/wire/facts.txt): journals of
// every release before this one hold the names, so a name or a number is never changed, never given to another fact,
// and never removed. The Go types may be renamed at will. A new fact gets the next number.
var factTable = []factEntry{
	wire[IntentAccepted](1, "IntentAccepted"),
	wire[SagaReplayed](2, "SagaReplayed"),
	wire[SagaStarted](3, "SagaStarted"),
	wire[SagaRefused](4, "SagaRefused"),
	wire[SagaCancelled](5, "SagaCancelled"),
	wire[SagaSuperseded](6, "SagaSuperseded"),
	wire[SagaContinued](7, "SagaContinued"),
	wire[CompensationStarted](8, "CompensationStarted"),
	wire[ProofStarted](9, "ProofStarted"),
	wire[ProofFailed](10, "ProofFailed"),
	wire[VersionCommitted](11, "VersionStood"),
	wire[SagaEnded](12, "SagaEnded"),
	wire[ConnectionPaused](13, "ConnectionPaused"),
	wire[ConnectionResumed](14, "ConnectionResumed"),
	wire[StepDecided](15, "StepDecided"),
	wire[StepRequested](16, "StepRequested"),
	wire[StepDone](17, "StepDone"),
	wire[StepSeen](18, "StepSeen"),
	wire[StepWaiting](19, "StepWaiting"),
	wire[StepRetrying](20, "StepRetrying"),
	wire[StepUnsure](21, "StepUnsure"),
	wire[StepRefused](22, "StepRefused"),
	wire[StepReversed](23, "StepReversed"),
	wire[StepUndone](24, "StepUndone"),
	wire[StepSkipped](25, "StepSkipped"),
	wire[StepStuck](26, "StepStuck"),
	wire[StepResolved](27, "StepResolved"),
	wire[StepExpedited](28, "StepHurried"),
	wire[StepHeld](29, "StepHeld"),
	wire[CheckpointTaken](30, "CheckpointTaken"),
	wire[SurveyAsked](31, "SurveyAsked"),
	wire[SurveySeen](32, "SurveySeen"),
	wire[SurveyEnded](33, "SurveyEnded"),
}

// A factEntry is how one fact is written.
type factEntry struct {
	number int
	name   string
	goType reflect.Type
	decode func(body []byte) (Fact, error)
}

// wire is the entry of one fact.
func wire[F Fact](number int, name string) factEntry {
	return factEntry{number: number, name: name, goType: reflect.TypeFor[F](), decode: func(body []byte) (Fact, error) {
		var f F
		err := json.Unmarshal(body, &f)
		return f, err
	}}
}

// factsByName is for readers, factsByType for writers.
var factsByName, factsByType = func() (map[string]factEntry, map[reflect.Type]factEntry) {
	names, types := make(map[string]factEntry, len(factTable)), make(map[reflect.Type]factEntry, len(factTable))
	for _, e := range factTable {
		names[e.name], types[e.goType] = e, e
	}
	return names, types
}()

// FactName is what a fact is called in journals; "" for a type that has no place in them.
func FactName(f Fact) string { return factsByType[reflect.TypeOf(f)].name }

type encodedFact struct {
	Fact string          `json:"fact"`
	Body json.RawMessage `json:"body"`
}

// EncodeFacts writes a record's facts. A fact without a name in the table is an error: nobody could read it again.
func EncodeFacts(facts []Fact) ([]byte, error) {
	list := make([]encodedFact, len(facts))
	for i, f := range facts {
		name := FactName(f)
		if name == "" {
			return nil, fmt.Errorf("encode fact %T: it has no name in the table of facts", f)
		}
		body, err := json.Marshal(f)
		if err != nil {
			return nil, fmt.Errorf("encode fact %s: %w", name, err)
		}
		list[i] = encodedFact{Fact: name, Body: body}
	}
	return json.Marshal(list)
}

// DecodeFacts reads what EncodeFacts wrote.
func DecodeFacts(b []byte) ([]Fact, error) {
	var list []encodedFact
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("decode facts: %w", err)
	}
	facts := make([]Fact, len(list))
	for i, e := range list {
		entry, known := factsByName[e.Fact]
		if !known {
			return nil, fmt.Errorf("decode facts: %q is no fact of this release", e.Fact)
		}
		f, err := entry.decode(e.Body)
		if err != nil {
			return nil, fmt.Errorf("decode fact %s: %w", e.Fact, err)
		}
		facts[i] = f
	}
	return facts, nil
}
