package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"
)

// Error codes of nats-server 2.15 (server/errors.json) that decide something here and that nats.go does not name.
const (
	codeInsufficientResources = 10023
	codeMemoryExceeded        = 10028
	codeStorageExceeded       = 10047
	codeAccountExceeded       = 10002
	codeStoreFailed           = 10077
	codeTooManyRequests       = 10167
	codeClusterNotAvailable   = 10008
)

// A fate is what a publish that did not return its sequence has come to.
type fate int

const (
	// fateUnknown: it may have been stored. Read.
	fateUnknown fate = iota
	// fateStale: another sequence was expected, or another message of the subject is in flight. Read too: in a cluster
	// and after a lost answer the other message may be this one.
	fateStale
	// fateFull: the server refused it for want of room; nothing was written.
	fateFull
	// fateRefused: the server refused it for good; nothing was written.
	fateRefused
)

// fateOf classifies the error of a publish. An error that is not listed leaves it open.
func fateOf(err error) fate {
	var api *js.APIError
	if !errors.As(err, &api) {
		if errors.Is(err, nats.ErrMaxPayload) {
			return fateRefused
		}
		return fateUnknown
	}
	switch api.ErrorCode {
	case js.JSErrCodeStreamWrongLastSequence, js.JSErrCodeStreamWrongLastSequenceConstant:
		return fateStale
	case codeInsufficientResources, codeMemoryExceeded, codeStorageExceeded, codeAccountExceeded, codeTooManyRequests:
		return fateFull
	case codeStoreFailed:
		// The description is the store's own error; "maximum bytes exceeded" is what DiscardNew answers.
		if strings.HasPrefix(api.Description, "maximum ") {
			return fateFull
		}
		return fateUnknown
	case js.JSErrCodeStreamMessageExceedsMaximum, js.JSErrCodeBadRequest:
		return fateRefused
	}
	return fateUnknown
}

// publishWithin bounds one try of a publish whose caller is more patient.
const publishWithin = 10 * time.Second

// publish stores one message and gives its sequence. Unlike the client library's it never repeats by itself, so that
// one call is at most one message.
func publish(ctx context.Context, nc *nats.Conn, m *nats.Msg) (ack, error) {
	ctx, cancel := context.WithTimeout(ctx, publishWithin)
	defer cancel()
	reply, err := nc.RequestMsgWithContext(ctx, m)
	if err != nil {
		return ack{}, fmt.Errorf("publish to %s: %w", m.Subject, err)
	}
	a, err := decodeAck(reply.Data)
	if err != nil {
		return ack{}, fmt.Errorf("publish to %s: %w", m.Subject, err)
	}
	return a, nil
}

// ack is the server's answer to a publish or to the commit of a batch.
type ack struct {
	Stream   string       `json:"stream"`
	Sequence uint64       `json:"seq"`
	Batch    string       `json:"batch"`
	Count    int          `json:"count"`
	Error    *js.APIError `json:"error"`
}

func decodeAck(data []byte) (ack, error) {
	var a ack
	if err := json.Unmarshal(data, &a); err != nil {
		return a, fmt.Errorf("decode acknowledgement %.60q: %w", data, err)
	}
	if a.Error != nil {
		return a, a.Error
	}
	if a.Stream == "" || a.Sequence == 0 {
		return a, fmt.Errorf("acknowledgement %.60q names no stream or sequence", data)
	}
	return a, nil
}

// lostStream tells that a stream or consumer is not there, as after a restart of a server that kept it in memory.
func lostStream(err error) bool {
	return slices.ContainsFunc([]error{
		nats.ErrNoResponders, js.ErrNoStreamResponse, js.ErrConsumerNotFound, js.ErrConsumerDeleted,
		js.ErrStreamNotFound, js.ErrNoHeartbeat,
	}, func(e error) bool { return errors.Is(err, e) })
}
