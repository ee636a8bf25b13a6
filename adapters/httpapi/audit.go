package httpapi

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/audit"
)

// AuditOrder is the body of an audit: heads that were kept elsewhere, if any.
type AuditOrder struct {
	Against []saga.Head `json:"against,omitempty" doc:"heads of an earlier audit, that this journal must still have"`
}

func (s *server) audit(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "audit-journal", Method: "POST", Path: "/v1/journal/audit",
		Summary: "Read the whole journal and verify its chains, snapshots, listing and checkpoints",
		Errors:  []int{400, 503}, MaxBodyBytes: 64 << 20,
	}, func(ctx context.Context, in *struct{ Body AuditOrder }) (*body[audit.Report], error) {
		report, err := s.Audit(ctx, in.Body.Against)
		if err != nil {
			return nil, problem(err)
		}
		return &body[audit.Report]{Body: report}, nil
	})
}
