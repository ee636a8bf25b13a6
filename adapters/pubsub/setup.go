package pubsub

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"time"

	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/culvertnet/culvert/events"
)

const (
	// retention is Pub/Sub's default: how long a message waits for a reader.
	retention = 7 * 24 * time.Hour
	// attempts is after how many deliveries the vendor puts a message into the dead letters by itself: the most it
	// allows. The policy is there because only with it a delivery tells its number; what is still wanted is renewed
	// before (consume.go), so that this limit meets only what no handler ever answers.
	attempts = 100
	// The vendor's pause before a message that was given back comes again.
	leastPause, mostPause = time.Second, time.Minute
)

// Setup makes the topics and subscriptions that are not there, and gives the names of what it made. What is there is
// left as it is; Open tells when that does not fit.
func Setup(ctx context.Context, o Options) (made []string, err error) {
	if err := o.fill(); err != nil {
		return nil, fmt.Errorf("set up Pub/Sub: %w", err)
	}
	client, err := pubsub.NewClient(ctx, o.Project, o.Client...)
	if err != nil {
		return nil, fmt.Errorf("set up Pub/Sub: %w", err)
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	for _, id := range slices.Sorted(maps.Values(topics)) {
		_, err := client.TopicAdminClient.CreateTopic(ctx, &pubsubpb.Topic{Name: topicName(o.Project, id)})
		if made, err = noteMade(made, "topic "+id, err); err != nil {
			return made, fmt.Errorf("set up Pub/Sub: %w", err)
		}
	}
	for _, p := range o.places() {
		_, err := client.SubscriptionAdminClient.CreateSubscription(ctx, p.wanted(o))
		if made, err = noteMade(made, "subscription "+p.id, err); err != nil {
			return made, fmt.Errorf("set up Pub/Sub: %w", err)
		}
	}
	return made, nil
}

func noteMade(made []string, what string, err error) ([]string, error) {
	switch status.Code(err) {
	case codes.OK:
		return append(made, what), nil
	case codes.AlreadyExists:
		return made, nil
	case codes.PermissionDenied: // Google's own text names no right
		return made,
			fmt.Errorf("create %s: it takes roles/pubsub.editor (pubsub.topics.create and attachSubscription, "+
				"pubsub.subscriptions.create): %w", what, err)
	}
	return made, fmt.Errorf("create %s: %w", what, err)
}

func topicName(project, id string) string { return "projects/" + project + "/topics/" + id }

func placeName(project, id string) string { return "projects/" + project + "/subscriptions/" + id }

// wanted is the subscription as it has to be. An expiration policy without a time means never; without a policy it
// would be deleted after 31 idle days.
func (p place) wanted(o Options) *pubsubpb.Subscription {
	s := &pubsubpb.Subscription{
		Name: placeName(o.Project, p.id), Topic: topicName(o.Project, topics[p.stream]), Filter: p.filter,
		AckDeadlineSeconds: int32(o.Lease.Seconds()), MessageRetentionDuration: durationpb.New(retention),
		ExpirationPolicy: &pubsubpb.ExpirationPolicy{},
		RetryPolicy: &pubsubpb.RetryPolicy{
			MinimumBackoff: durationpb.New(leastPause), MaximumBackoff: durationpb.New(mostPause),
		},
	}
	if p.id != keeperPlace {
		s.DeadLetterPolicy = &pubsubpb.DeadLetterPolicy{
			DeadLetterTopic: topicName(o.Project, topics[events.Dead]), MaxDeliveryAttempts: attempts,
		}
	}
	return s
}

// check compares what is there with what has to be; the numbers are the operator's.
func check(ctx context.Context, client *pubsub.Client, o Options) error {
	var errs []error
	for _, id := range slices.Sorted(maps.Values(topics)) {
		_, err := client.TopicAdminClient.GetTopic(ctx, &pubsubpb.GetTopicRequest{Topic: topicName(o.Project, id)})
		if err := noteMissing(&errs, "topic "+id, err); err != nil {
			return err
		}
	}
	for _, p := range o.places() {
		want := p.wanted(o)
		is, err := client.SubscriptionAdminClient.GetSubscription(
			ctx, &pubsubpb.GetSubscriptionRequest{Subscription: want.Name},
		)
		switch failed := noteMissing(&errs, "subscription "+p.id, err); {
		case failed != nil:
			return failed
		case err == nil:
			errs = append(errs, unfit(is, want))
		}
	}
	return errors.Join(errs...)
}

// noteMissing adds what is not there to errs; any other error is given back.
func noteMissing(errs *[]error, what string, err error) error {
	switch status.Code(err) {
	case codes.OK:
		return nil
	case codes.NotFound:
		*errs = append(*errs, fmt.Errorf(`%s is not there; create it with "culvertd setup"`, what))
		return nil
	case codes.PermissionDenied:
		return fmt.Errorf("read %s: it takes roles/pubsub.viewer (pubsub.topics.get, pubsub.subscriptions.get): %w",
			what, err)
	}
	return fmt.Errorf("read %s: %w", what, err)
}

// unfit tells why a subscription would not do its work; nil says that it does.
func unfit(is, want *pubsubpb.Subscription) error {
	id := path.Base(want.GetName())
	switch {
	case is.GetTopic() != want.GetTopic() || is.GetFilter() != want.GetFilter():
		return fmt.Errorf("subscription %s reads topic %s with filter %q, not %s with %q", id, is.GetTopic(),
			is.GetFilter(), want.GetTopic(), want.GetFilter())
	case is.GetDetached():
		return fmt.Errorf("subscription %s is detached from its topic and gets nothing; delete it and create it anew",
			id)
	case is.GetPushConfig().GetPushEndpoint() != "" || is.GetBigqueryConfig() != nil ||
		is.GetCloudStorageConfig() != nil:
		return fmt.Errorf("subscription %s delivers elsewhere; let it be pulled", id)
	case is.GetExpirationPolicy() == nil || is.GetExpirationPolicy().GetTtl() != nil:
		return fmt.Errorf("subscription %s expires when nobody reads for a while; let it never expire", id)
	case want.GetDeadLetterPolicy() != nil && is.GetDeadLetterPolicy() == nil:
		return fmt.Errorf("subscription %s has no dead letter policy, without which deliveries are not counted", id)
	case want.GetDeadLetterPolicy() != nil && (is.GetDeadLetterPolicy().GetMaxDeliveryAttempts() != attempts ||
		is.GetDeadLetterPolicy().GetDeadLetterTopic() != want.GetDeadLetterPolicy().GetDeadLetterTopic()):
		return fmt.Errorf("subscription %s puts dead letters into %s after %d deliveries, not into %s after %d", id,
			is.GetDeadLetterPolicy().GetDeadLetterTopic(),
			is.GetDeadLetterPolicy().GetMaxDeliveryAttempts(), want.GetDeadLetterPolicy().GetDeadLetterTopic(),
			attempts)
	case is.GetRetryPolicy() == nil:
		return fmt.Errorf(
			"subscription %s has no retry policy, without which what shall come again comes at once and spins", id,
		)
	}
	return nil
}
