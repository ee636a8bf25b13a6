package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/culvertnet/culvert/events"
)

// Accepted answers a posted intent or order.
type Accepted struct {
	// Saga is the id of the saga that carries it out; Duplicate tells that this very intent had been accepted before.
	Saga      string `json:"saga"`
	Duplicate bool   `json:"duplicate"`
}

// intentInput takes the body as it is and every header, because CloudEvents in binary mode are headers.
type intentInput struct {
	RawBody []byte `contentType:"application/cloudevents+json"`
	header  map[string][]string
}

// Resolve collects the headers.
func (in *intentInput) Resolve(ctx huma.Context) []error {
	in.header = map[string][]string{}
	ctx.EachHeader(func(name, value string) { in.header[name] = append(in.header[name], value) })
	return nil
}

var _ huma.Resolver = (*intentInput)(nil)

// eventBody is the body of a request with an event.
func eventBody(description string) *huma.RequestBody {
	return &huma.RequestBody{Description: description, Content: map[string]*huma.MediaType{
		"application/cloudevents+json": {Schema: &huma.Schema{Type: huma.TypeObject}},
		"application/json":             {Schema: &huma.Schema{Type: huma.TypeObject}},
	}}
}

func (s *server) intents(api huma.API) {
	request := eventBody("One event, an array of up to 100, or an event's data with its attributes in ce- headers.")
	request.Content["application/cloudevents-batch+json"] = &huma.MediaType{
		Schema: &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeObject}},
	}
	// An empty body is an intent like any other bad one: it is refused by the intake, with field and rule.
	defer func() { request.Required = false }()
	huma.Register(api, huma.Operation{
		RequestBody: request,
		OperationID: "submit-intents", Method: http.MethodPost, Path: "/v1/intents",
		Summary:       "Submit an intent: a CloudEvent in structured, batch or binary mode",
		Description:   "Answered when the acceptance is on stable storage. The same event again gets the first answer.",
		DefaultStatus: http.StatusAccepted, Errors: []int{400, 409, 413, 429, 503}, MaxBodyBytes: maxBody,
		SkipValidateBody: true,
	}, func(ctx context.Context, in *intentInput) (*body[[]Accepted], error) {
		receipts, err := s.Intake.Accept(ctx, events.DefaultTenant, in.header, in.RawBody)
		if err != nil {
			return nil, problem(err)
		}
		answer := make([]Accepted, 0, len(receipts))
		for _, r := range receipts {
			answer = append(answer, Accepted{Saga: r.Saga, Duplicate: r.Duplicate})
		}
		return &body[[]Accepted]{Body: answer}, nil
	})
}
