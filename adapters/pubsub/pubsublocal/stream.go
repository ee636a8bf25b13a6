package pubsublocal

import (
	"sync"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/culvertnet/culvert/events/pause"
)

// throttled is a stream that gets no more than it has asked for, with its faults.
type throttled struct {
	grpc.ServerStream
	f *faults
	// sending is held while something is sent: the fake sends messages, receiving answers pings.
	sending sync.Mutex
	// places is how many messages may be in flight at once, zero for any number; subscription is whose they are.
	// Guarded by f.mu, as outstanding and change are.
	places       int64
	subscription string
	outstanding  int64
	change       chan struct{}
}

func (f *faults) stream(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	t := &throttled{ServerStream: ss, f: f, change: make(chan struct{})}
	defer t.forget()
	return next(srv, t)
}

// forget lets go of what the stream held when it ends.
func (t *throttled) forget() {
	t.f.mu.Lock()
	defer t.f.mu.Unlock()
	for id, s := range t.f.held {
		if s == t {
			delete(t.f.held, id)
		}
	}
}

// moved wakes who waits for room. The caller holds f.mu.
func (t *throttled) moved() {
	close(t.change)
	t.change = make(chan struct{})
}

// RecvMsg learns from the stream's first request how much it wants, and answers pings itself. The fake would answer
// them with its one lock held and wait there for its sender, which may wait for that lock or have ended.
func (t *throttled) RecvMsg(m any) error {
	for {
		if err := t.ServerStream.RecvMsg(m); err != nil {
			return err
		}
		req, is := m.(*pb.StreamingPullRequest)
		switch {
		case !is:
			return nil
		case req.Subscription != "":
			t.f.mu.Lock()
			t.places, t.subscription = req.MaxOutstandingMessages, req.Subscription
			t.f.mu.Unlock()
			return nil
		case len(req.AckIds) > 0 || len(req.ModifyDeadlineAckIds) > 0:
			return nil
		}
		if err := t.send(&pb.StreamingPullResponse{}); err != nil {
			return err
		}
	}
}

func (t *throttled) send(m any) error {
	t.sending.Lock()
	defer t.sending.Unlock()
	return t.ServerStream.SendMsg(m)
}

// SendMsg delivers, when there is room and no fault is made.
func (t *throttled) SendMsg(m any) error {
	resp, is := m.(*pb.StreamingPullResponse)
	if !is || len(resp.ReceivedMessages) == 0 {
		return t.send(m)
	}
	resp = proto.CloneOf(resp)              // the fake goes on using its own, with its lock held:
	if err := t.giveBack(nil); err != nil { // what was read was read before that
		return err
	}
	ids := make([]string, len(resp.ReceivedMessages))
	for i, r := range resp.ReceivedMessages {
		ids[i] = r.AckId
	}
	if !t.enter(ids) {
		t.uncount(resp)
		if err := t.giveBack(ids); err != nil {
			return err
		}
		return t.room(len(ids)) // until then the fake offers nothing to this stream, and it to others
	}
	t.count(resp)
	switch {
	case t.f.strikes("stream cut", func(r Rates) float64 { return r.CutStream }):
		return errUnavailable
	case t.f.strikes("delivery dropped", func(r Rates) float64 { return r.DropDelivery }):
		t.f.release(ids)
		return nil
	case t.f.strikes("delivered late", func(r Rates) float64 { return r.DelayDelivery }):
		_ = pause.For(t.Context(), t.f.pause())
	case t.f.strikes("delivered twice", func(r Rates) float64 { return r.DuplicateDelivery }):
		if err := t.send(resp); err != nil {
			return err
		}
	}
	return t.send(resp)
}

// uncount notes that messages were not delivered, though the fake believes so.
func (t *throttled) uncount(resp *pb.StreamingPullResponse) {
	t.f.mu.Lock()
	defer t.f.mu.Unlock()
	for _, r := range resp.ReceivedMessages {
		t.f.undelivered[t.subscription+"/"+r.Message.MessageId]++
	}
}

// count tells the attempts that there were.
func (t *throttled) count(resp *pb.StreamingPullResponse) {
	t.f.mu.Lock()
	defer t.f.mu.Unlock()
	for _, r := range resp.ReceivedMessages {
		if r.DeliveryAttempt > 0 { // zero: it is not counted for this subscription
			r.DeliveryAttempt -= t.f.undelivered[t.subscription+"/"+r.Message.MessageId]
		}
	}
}

// enter takes places for messages; false says that there are too few.
func (t *throttled) enter(ids []string) bool {
	t.f.mu.Lock()
	defer t.f.mu.Unlock()
	if !t.fits(len(ids)) {
		return false
	}
	for _, id := range ids {
		t.f.held[id] = t
	}
	t.outstanding += int64(len(ids))
	return true
}

// fits tells whether there are places for so many messages. The caller holds f.mu.
func (t *throttled) fits(n int) bool { return t.places <= 0 || t.outstanding+int64(n) <= t.places }

// giveBack makes messages available to every stream. With none it only passes through the fake's lock.
func (t *throttled) giveBack(ids []string) error {
	_, err := t.f.fake.ModifyAckDeadline(
		t.Context(), &pb.ModifyAckDeadlineRequest{Subscription: t.subscription, AckIds: ids},
	)
	return err
}

// room waits until there are places for so many messages.
func (t *throttled) room(n int) error {
	for {
		t.f.mu.Lock()
		fits, change := t.fits(n), t.change
		t.f.mu.Unlock()
		if fits {
			return nil
		}
		select {
		case <-change:
		case <-t.Context().Done():
			return t.Context().Err()
		}
	}
}
