package pubsublocal

import (
	"context"
	"maps"
	"math/rand/v2"
	"sync"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Rates are how often each fault is made, from 0 to 1.
type Rates struct {
	// RefusePublish answers UNAVAILABLE and does nothing; LosePublishAnswer does it and answers UNAVAILABLE;
	// DuplicatePublish does it twice.
	RefusePublish, LosePublishAnswer, DuplicatePublish float64
	// Of deliveries: one is not delivered until its lease has run out; one comes twice; one comes late, and so behind
	// others; one cuts its stream.
	DropDelivery, DuplicateDelivery, DelayDelivery, CutStream float64
	// LoseAck takes an acknowledgement and forgets it.
	LoseAck float64
}

// delay bounds how late a late delivery is.
const delay = 300 * time.Millisecond

type faults struct {
	fake *pstest.GServer

	mu    sync.Mutex
	rng   *rand.Rand
	rates Rates
	made  map[string]int
	// held is which stream a delivered message is held by, by ack id.
	held map[string]*throttled
	// undelivered is how often the fake has counted a delivery that there was no room for, by subscription and message
	// id. The service counts what it has delivered.
	undelivered map[string]int32
}

func newFaults(seed uint64, fake *pstest.GServer) *faults {
	return &faults{
		fake: fake, rng: rand.New(rand.NewPCG(seed, 0x9b5b)), made: map[string]int{}, held: map[string]*throttled{},
		undelivered: map[string]int32{},
	}
}

func (f *faults) set(r Rates) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rates = r
}

func (f *faults) counts() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.made)
}

// strikes tells whether a fault is made now, and counts it.
func (f *faults) strikes(kind string, rate func(Rates) float64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rng.Float64() >= rate(f.rates) {
		return false
	}
	f.made[kind]++
	return true
}

func (f *faults) pause() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Duration(f.rng.Int64N(int64(delay)))
}

var errUnavailable = status.Error(codes.Unavailable, "a fault was made")

// unary is the way of publishing and acknowledging.
func (f *faults) unary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	switch req := req.(type) {
	case *pb.PublishRequest:
		if f.strikes("publish refused", func(r Rates) float64 { return r.RefusePublish }) {
			return nil, errUnavailable
		}
		if f.strikes("published twice", func(r Rates) float64 { return r.DuplicatePublish }) {
			if _, err := next(ctx, req); err != nil {
				return nil, err
			}
		}
		answer, err := next(ctx, req)
		if err == nil && f.strikes("publish answer lost", func(r Rates) float64 { return r.LosePublishAnswer }) {
			return nil, errUnavailable
		}
		return answer, err
	case *pb.AcknowledgeRequest:
		f.release(req.AckIds)
		if f.strikes("acknowledgement lost", func(r Rates) float64 { return r.LoseAck }) {
			return next(ctx, &pb.AcknowledgeRequest{Subscription: req.Subscription})
		}
	case *pb.ModifyAckDeadlineRequest:
		if req.AckDeadlineSeconds == 0 {
			f.release(req.AckIds)
		}
	}
	return next(ctx, req)
}

// release frees the places that messages held in their streams.
func (f *faults) release(ids []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range ids {
		if s := f.held[id]; s != nil {
			delete(f.held, id)
			s.outstanding--
			s.moved()
		}
	}
}
