package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/culvertnet/culvert/events/pause"
)

// stored is one message as a stream has it.
type stored struct {
	subject  string
	sequence uint64
	at       time.Time
	header   nats.Header
	body     []byte
}

// errNone says that the stream has no such message.
var errNone = errors.New("no such message")

// get asks for one message. Exactly one of the fields selects it.
type get struct {
	Last     string `json:"last_by_subj,omitempty"`
	Next     string `json:"next_by_subj,omitempty"` // the first of this filter at Sequence or later
	Sequence uint64 `json:"seq,omitempty"`
	Batch    int    `json:"batch,omitempty"`
	MaxBytes int    `json:"max_bytes,omitempty"`
	// to is a sequence that a walk has to meet, or a later one, however far the replicas that answer have come.
	to uint64
}

// leaderGet reads one message from the stream's leader. nats.go would ask any replica, because the stream allows it;
// what decides about an append must not be older than need be. (An old leader can still answer: only an append is the
// truth.)
func leaderGet(ctx context.Context, nc *nats.Conn, stream string, g get) (stored, error) {
	request, err := json.Marshal(g)
	if err != nil {
		return stored{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, publishWithin)
	defer cancel()
	reply, err := nc.RequestWithContext(ctx, "$JS.API.STREAM.MSG.GET."+stream, request)
	if err != nil {
		return stored{}, fmt.Errorf("read stream %s: %w", stream, err)
	}
	var answer struct {
		Error   *js.APIError `json:"error"`
		Message struct {
			Subject  string    `json:"subject"`
			Sequence uint64    `json:"seq"`
			Header   []byte    `json:"hdrs"`
			Body     []byte    `json:"data"`
			Time     time.Time `json:"time"`
		} `json:"message"`
	}
	if err := json.Unmarshal(reply.Data, &answer); err != nil {
		return stored{}, fmt.Errorf("read stream %s: decode answer: %w", stream, err)
	}
	switch {
	case answer.Error != nil && answer.Error.ErrorCode == js.JSErrCodeMessageNotFound:
		return stored{}, errNone
	case answer.Error != nil:
		return stored{}, fmt.Errorf("read stream %s: %w", stream, answer.Error)
	}
	m := stored{subject: answer.Message.Subject, sequence: answer.Message.Sequence, at: answer.Message.Time,
		body: answer.Message.Body}
	if len(answer.Message.Header) > 0 {
		if m.header, err = nats.DecodeHeadersMsg(answer.Message.Header); err != nil {
			return stored{}, fmt.Errorf("read stream %s: decode header: %w", stream, err)
		}
	}
	return m, nil
}

// walkBytes bounds one answer of a walk, well below what a client buffers.
const walkBytes = 8 << 20

// walk reads the messages of a filter from a sequence on until yield returns false or there are no more. Any replica
// may answer, so the end may be missing.
func walk(ctx context.Context, nc *nats.Conn, stream string, g get, yield func(stored) bool) error {
	inbox := nc.NewInbox()
	sub, err := nc.SubscribeSync(inbox)
	if err != nil {
		return fmt.Errorf("walk stream %s: %w", stream, err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	ctx, cancel := context.WithTimeout(ctx, 3*publishWithin)
	defer cancel()
	g.MaxBytes = walkBytes
	for {
		request, err := json.Marshal(g)
		if err != nil {
			return err
		}
		if err := nc.PublishRequest("$JS.API.DIRECT.GET."+stream, inbox, request); err != nil {
			return fmt.Errorf("walk stream %s: %w", stream, err)
		}
		next, more, err := page(ctx, sub, yield)
		if err != nil {
			return fmt.Errorf("walk stream %s: %w", stream, err)
		}
		if !more {
			return nil
		}
		g.Sequence = next
	}
}

// behindAgain is the rest before a replica that is behind is asked again.
const behindAgain = 10 * time.Millisecond

// walkTo walks until get.to was met.
func walkTo(ctx context.Context, nc *nats.Conn, stream string, g get, yield func(stored) bool) error {
	ctx, cancel := context.WithTimeout(ctx, 3*publishWithin)
	defer cancel()
	stopped := false
	for {
		err := walk(ctx, nc, stream, g, func(m stored) bool {
			g.Sequence = m.sequence + 1
			stopped = !yield(m)
			return !stopped
		})
		if err != nil || stopped || g.Sequence > g.to {
			return err
		}
		if err := pause.For(ctx, behindAgain); err != nil {
			return fmt.Errorf("walk stream %s to %d, is at %d: %w", stream, g.to, g.Sequence, err)
		}
	}
}

// page reads one answer of a walk and tells whether and from where to ask for more.
func page(ctx context.Context, sub *nats.Subscription, yield func(stored) bool) (next uint64, more bool, err error) {
	wanted := true
	for {
		m, err := sub.NextMsgWithContext(ctx)
		if err != nil {
			return 0, false, err
		}
		if status := m.Header.Get("Status"); status != "" && m.Header.Get(js.SequenceHeader) == "" {
			pending := m.Header.Get("Nats-Num-Pending")
			switch {
			case status == "404":
				return 0, false, nil
			case status != "204":
				return 0, false, fmt.Errorf("status %s %s", status, m.Header.Get("Description"))
			}
			return next, wanted && next > 0 && pending != "0", nil
		}
		s, err := directMessage(m)
		if err != nil {
			return 0, false, err
		}
		next = s.sequence + 1
		if wanted && !yield(s) {
			wanted = false
		}
	}
}

// directMessage is a message of a direct get, which tells where it is from in headers.
func directMessage(m *nats.Msg) (stored, error) {
	sequence, err := strconv.ParseUint(m.Header.Get(js.SequenceHeader), 10, 64)
	if err != nil {
		return stored{}, fmt.Errorf("decode sequence: %w", err)
	}
	at, err := time.Parse(time.RFC3339Nano, m.Header.Get(js.TimeStampHeaer))
	if err != nil {
		return stored{}, fmt.Errorf("decode time: %w", err)
	}
	return stored{subject: m.Header.Get(js.SubjectHeader), sequence: sequence, at: at, header: m.Header, body: m.Data},
		nil
}
