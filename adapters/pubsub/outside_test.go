package pubsub_test

import (
	"context"
	"strings"
	"testing"
	"time"

	client "cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/culvertnet/culvert/adapters/postgres"
	"github.com/culvertnet/culvert/adapters/pubsub"
	"github.com/culvertnet/culvert/events"
)

// outside is a client of the vendor's library, as publishers and operators use it.
func (r *rig) outside(t *testing.T) *client.Client {
	t.Helper()
	c, err := client.NewClient(t.Context(), "p", options(r.dial(t)).Client...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// soon bounds what a test waits for.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// deliver consumes until the test ends, or enough is given.
func deliver(t *testing.T, ctx context.Context, bus events.Bus, s events.Subscription,
	handle func(events.Delivery) events.Verdict) <-chan events.Delivery {
	t.Helper()
	got, ended := make(chan events.Delivery, 1024), make(chan struct{})
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer close(ended)
		err := bus.Consume(ctx, s, func(_ context.Context, d events.Delivery) events.Verdict {
			v := handle(d)
			got <- d
			return v
		})
		if err != nil {
			t.Errorf("consume %s: %v", s.Name, err)
		}
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return got
}

func next(t *testing.T, ctx context.Context, from <-chan events.Delivery) events.Delivery {
	t.Helper()
	select {
	case d := <-from:
		return d
	case <-ctx.Done():
		t.Fatal("no delivery came")
		panic("unreachable")
	}
}

// What a publisher sends with any client to the topic of intents is an intent, in binary mode, in structured mode, and
// with a subject of ours that is wrong; rejected, it can be published again.
func TestPublishedFromOutside(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2)
	p, ctx := r.join(t), soon(t)
	topic := r.outside(t).Publisher(events.TopicIntents)
	t.Cleanup(topic.Stop)
	for body, attributes := range map[string]map[string]string{
		"binary": {"ce-id": "1", "ce-source": "//shop", "ce-type": "culvert.private-service.apply.v1",
			"Content-Type": "application/json"},
		"structured": {"Content-Type": "application/cloudevents+json"},
		"bare":       nil,
		"lost":       {"culvert_subject": "culvert.commands.network"},
		"nul":        {"culvert_subject": "culvert.intents.\x00"},
	} {
		if _, err := topic.Publish(ctx, &client.Message{Data: []byte(body), Attributes: attributes}).Get(ctx); err !=
			nil {
			t.Fatal(err)
		}
	}
	intake := events.Subscription{Name: "intake", Subjects: []string{events.Intents.Subject}}
	got := deliver(t, ctx, p.Bus, intake, func(events.Delivery) events.Verdict { return events.Reject("no use") })
	headers := map[string]map[string]string{}
	for len(headers) < 5 {
		d := next(t, ctx, got)
		headers[string(d.Body)] = d.Header
		if stream, ok := events.StreamOf(d.Subject); !ok || stream != events.Intents {
			t.Errorf("%s has subject %q", d.Body, d.Subject)
		}
	}
	if h := headers["binary"]; len(h) != 4 || h["ce-id"] != "1" || h["ce-source"] != "//shop" {
		t.Errorf("binary mode came with %v", h)
	}
	if h := headers["structured"]; h["Content-Type"] != "application/cloudevents+json" {
		t.Errorf("structured mode came with %v", h)
	}
	awaitLetters(ctx, t, p, 5)
	list, err := p.DeadLetters.List(ctx, "", 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range list {
		if err := p.Bus.Publish(ctx, events.Message{Subject: l.Subject, Header: l.Header, Body: l.Body}); err != nil {
			t.Errorf("publish the letter of %s again: %v", l.Body, err)
		}
	}
}

// The vendor ends a message at its hundredth delivery; ours is the limit that counts, also where there is none.
func TestVendorsLimitDoesNotCount(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3)
	p, ctx := r.join(t), soon(t)
	const enough, limit = 210, 150
	network := events.Subscription{Name: "network", Subjects: []string{events.CommandSubject("network")}}
	egress := events.Subscription{
		Name: "egress", Subjects: []string{events.CommandSubject("egress")}, MaxDeliver: limit,
	}
	patient := deliver(t, ctx, p.Bus, network, func(d events.Delivery) events.Verdict {
		if d.Attempt >= enough {
			return events.Ack
		}
		return events.Again
	})
	limited := deliver(t, ctx, p.Bus, egress, func(events.Delivery) events.Verdict { return events.Again })
	for _, s := range []events.Subscription{network, egress} {
		if err := p.Bus.Publish(ctx, events.Message{Subject: s.Subjects[0], Body: []byte(s.Name)}); err != nil {
			t.Fatal(err)
		}
	}
	for n := 1; n <= enough; n++ {
		if d := next(t, ctx, patient); d.Attempt != n {
			t.Fatalf("delivery %d is told as the %d.", n, d.Attempt)
		}
	}
	for n := 1; n <= limit; n++ {
		next(t, ctx, limited)
	}
	awaitLetters(ctx, t, p, 1)
	list, err := p.DeadLetters.List(ctx, "", 10)
	if err != nil || len(list) != 1 || string(list[0].Body) != "egress" || list[0].Reason != "delivered 150 times" {
		t.Errorf("dead letters %+v, %v", list, err)
	}
}

// A process does not start on topics and subscriptions that would lose or spin, and says which.
func TestOpenTellsWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	const place = "projects/p/subscriptions/culvert-results"
	for want, spoil := range map[string]func(context.Context, *client.Client) error{
		"topic culvert-status is not there": func(ctx context.Context, c *client.Client) error {
			return c.TopicAdminClient.DeleteTopic(
				ctx, &pubsubpb.DeleteTopicRequest{Topic: "projects/p/topics/culvert-status"},
			)
		},
		"subscription culvert-results is not there": func(ctx context.Context, c *client.Client) error {
			return c.SubscriptionAdminClient.DeleteSubscription(
				ctx, &pubsubpb.DeleteSubscriptionRequest{Subscription: place},
			)
		},
		"has no retry policy": func(ctx context.Context, c *client.Client) error {
			return change(ctx, c, &pubsubpb.Subscription{Name: place}, "retry_policy")
		},
		"after 5 deliveries": func(ctx context.Context, c *client.Client) error {
			return change(ctx, c, &pubsubpb.Subscription{Name: place, DeadLetterPolicy: &pubsubpb.DeadLetterPolicy{
				DeadLetterTopic: "projects/p/topics/culvert-dead", MaxDeliveryAttempts: 5,
			}}, "dead_letter_policy")
		},
		"delivers elsewhere": func(ctx context.Context, c *client.Client) error {
			return change(ctx, c, &pubsubpb.Subscription{
				Name: place, PushConfig: &pubsubpb.PushConfig{PushEndpoint: "https://example.com"},
			}, "push_config")
		},
		"expires when nobody reads": func(ctx context.Context, c *client.Client) error {
			return change(ctx, c, &pubsubpb.Subscription{
				Name: place, ExpirationPolicy: &pubsubpb.ExpirationPolicy{Ttl: durationpb.New(24 * time.Hour)},
			}, "expiration_policy")
		},
	} {
		t.Run(want, func(t *testing.T) {
			r, ctx := newRig(t, 4), soon(t)
			if err := spoil(ctx, r.outside(t)); err != nil {
				t.Fatal(err)
			}
			letters, err := postgres.Open(ctx, postgres.Options{URL: r.url})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(letters.Close)
			conn := r.dial(t)
			t.Cleanup(func() { _ = conn.Close() })
			o := options(conn)
			o.Letters = letters.DeadLetters()
			h, err := pubsub.Open(ctx, o)
			if err == nil {
				_ = h.Close()
			}
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("open: %v", err)
			}
		})
	}
}

func change(ctx context.Context, c *client.Client, s *pubsubpb.Subscription, field string) error {
	_, err := c.SubscriptionAdminClient.UpdateSubscription(ctx, &pubsubpb.UpdateSubscriptionRequest{
		Subscription: s, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{field}},
	})
	return err
}
