package pubsublocal_test

import (
	"context"
	"testing"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/culvertnet/culvert/adapters/pubsub/pubsublocal"
)

// A stream that is full is pinged, as Google's client does every 30 s. Each ping is answered, and the message that the
// stream has no room for comes to another stream, because the server goes on.
func TestPingOfAFullStream(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	conn := dial(t)
	publisher, subscriber := pb.NewPublisherClient(conn), pb.NewSubscriberClient(conn)
	must(t)(publisher.CreateTopic(ctx, &pb.Topic{Name: topic}))
	must(t)(subscriber.CreateSubscription(ctx, &pb.Subscription{Name: subscription, Topic: topic}))
	message := []*pb.PubsubMessage{{Data: []byte("x")}}

	full := open(t, ctx, subscriber)
	must(t)(publisher.Publish(ctx, &pb.PublishRequest{Topic: topic, Messages: message}))
	if n := len(receive(t, full)); n != 1 {
		t.Fatalf("the first answer has %d messages", n)
	}
	must(t)(publisher.Publish(ctx, &pb.PublishRequest{Topic: topic, Messages: message}))
	pong := func() {
		if err := full.Send(&pb.StreamingPullRequest{}); err != nil {
			t.Fatal(err)
		}
		if n := len(receive(t, full)); n != 0 {
			t.Fatalf("%d messages were sent beyond the room that was asked for", n)
		}
	}
	for range 500 {
		pong()
	}
	second, other := open(t, ctx, subscriber), make(chan int, 1)
	go func() { other <- len(receive(t, second)) }()
	for {
		select {
		case n := <-other:
			if n != 1 {
				t.Fatalf("the answer to the other stream has %d messages", n)
			}
			return
		default:
			pong()
		}
	}
}

const topic, subscription = "projects/p/topics/t", "projects/p/subscriptions/s"

type stream = grpc.BidiStreamingClient[pb.StreamingPullRequest, pb.StreamingPullResponse]

// open opens a stream with room for one message.
func open(t *testing.T, ctx context.Context, from pb.SubscriberClient) stream {
	t.Helper()
	s, err := from.StreamingPull(ctx)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Send(&pb.StreamingPullRequest{
		Subscription: subscription, StreamAckDeadlineSeconds: 60, MaxOutstandingMessages: 1, ProtocolVersion: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func receive(t *testing.T, from stream) []*pb.ReceivedMessage {
	t.Helper()
	answer, err := from.Recv()
	if err != nil {
		t.Error(err)
	}
	return answer.GetReceivedMessages()
}

func dial(t *testing.T) *grpc.ClientConn {
	t.Helper()
	server, err := pubsublocal.Start(1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	conn, err := grpc.NewClient(server.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// must ends the test at an error.
func must(t *testing.T) func(any, error) any {
	return func(v any, err error) any {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
