package events

import "time"

// SeenUnknown is said of a step whose Look has not told: it was not answered in time, or could not read.
const SeenUnknown Presence = "unknown"

// A Will is what a replay would do to a step.
type Will string

// What a replay does to a step. Depends: its input comes from a step that is not kept, or it is not known how it is.
const (
	WillKeep    Will = "keep"
	WillMake    Will = "make"
	WillChange  Will = "change"
	WillReplace Will = "replace"
	WillUndo    Will = "undo"
	WillNothing Will = "nothing"
	WillRefuse  Will = "refuse"
	WillDepends Will = "depends"
)

// A SurveyEnd is how a survey ended; "" while Looks are in flight.
type SurveyEnd string

// The ends of a survey. Overtaken: an intent or order came between.
const (
	SurveyDone      SurveyEnd = "done"
	SurveyTimedOut  SurveyEnd = "timed out"
	SurveyOvertaken SurveyEnd = "overtaken"
)

// A Survey is what Looks saw of a connection at rest, and what a replay would therefore do. Nothing is changed by it.
type Survey struct {
	Saga   string      `json:"saga"`
	From   ReplayFrom  `json:"from"`
	Actor  string      `json:"actor"`
	Reason string      `json:"reason"`
	At     time.Time   `json:"at"`
	Ended  SurveyEnd   `json:"ended"`
	Rows   []SurveyRow `json:"rows"`
	// Failing says what does not hold of a completed connection as a whole, although every step is as it should be.
	Failing []string `json:"failing,omitempty"`
	// Refused says why a replay would be refused as a whole; "" when it would not.
	Refused string `json:"refused,omitempty"`
}

// SurveyRow is one generation of one step.
type SurveyRow struct {
	Step string `json:"step"`
	// Generation is 0 for a step that was never made.
	Generation uint64 `json:"generation"`
	Kind       string `json:"kind"`
	Object     string `json:"object"`
	// Seen is "" for what is not to be looked at.
	Seen   Presence `json:"seen"`
	Detail string   `json:"detail,omitempty"`
	Will   Will     `json:"will"`
	// Because says why, where it does not follow from what was seen.
	Because string `json:"because,omitempty"`
}
