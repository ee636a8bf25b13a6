package events

// A ProblemCode names, for programs, why the API refuses a request. It ends the type of the problem (RFC 9457).
type ProblemCode string

// The problems.
const (
	ProblemRefused     ProblemCode = "refused"
	ProblemConflict    ProblemCode = "conflict"
	ProblemRequest     ProblemCode = "bad-request"
	ProblemValidation  ProblemCode = "validation"
	ProblemNotFound    ProblemCode = "not-found"
	ProblemMethod      ProblemCode = "method"
	ProblemTooLarge    ProblemCode = "too-large"
	ProblemMediaType   ProblemCode = "media-type"
	ProblemBusy        ProblemCode = "busy"
	ProblemNotHeld     ProblemCode = "not-held"
	ProblemInFlight    ProblemCode = "in-flight"
	ProblemDiverged    ProblemCode = "diverged"
	ProblemContended   ProblemCode = "contended"
	ProblemFull        ProblemCode = "store-full"
	ProblemUnavailable ProblemCode = "unavailable"
	ProblemTimeout     ProblemCode = "timeout"
	ProblemInternal    ProblemCode = "internal"
)

var problems = []entry[ProblemCode]{
	{ProblemRefused, "the input breaks rules; each error has its field and its rule",
		"correct the input and send it again"},
	{ProblemConflict, "the input does not fit what is there; each error has its field and its rule",
		"read the saga, then decide again"},
	{ProblemRequest, "the request cannot be read", "correct the request"},
	{ProblemValidation, "the request does not have the form that openapi.json says", "correct the request"},
	{ProblemNotFound, "what the request names does not exist", ""},
	{ProblemMethod, "the path does not take this method", ""},
	{ProblemTooLarge, "the body is larger than the API takes", "send a smaller batch"},
	{ProblemMediaType, "the API does not read this content type", "use a content type that openapi.json names"},
	{ProblemBusy, "too many accepted intents of the connection wait already",
		"send it again when earlier sagas have ended"},
	{ProblemNotHeld, "the engine is not paused, so it would act meanwhile", "run culvert pause"},
	{ProblemInFlight, "the engine is held, and commands that it sent before may still take effect",
		"try again after Retry-After"},
	{ProblemDiverged, "the records are here already with another history", "import into an empty backend"},
	{ProblemContended, "others changed the record at each try", "try again"},
	{ProblemFull, "the store takes no new work until it has room; what runs goes on",
		"enlarge the store, or wait for sagas to end"},
	{ProblemUnavailable, "the store does not answer", "try again; see that the store runs"},
	{ProblemTimeout, "the answer did not come in time; whether the request had an effect is unknown",
		"try again: a repeat has no second effect"},
	{ProblemInternal, "the server failed", "read the daemon's log"},
}
