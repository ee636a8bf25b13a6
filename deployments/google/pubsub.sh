#!/usr/bin/env bash
# Makes the topics and subscriptions of the Google home, as "culvertd setup" does, for those who let no daemon make things. A test
# (adapters/pubsub/script_test.go) holds its lines against what the daemon makes.
#
#   PROJECT=my-project [STATUS_READERS="console audit"] deployments/google/pubsub.sh
#
# It can be run again: what is there is left as it is, and "culvertd" tells at its start when that does not fit.
set -euo pipefail
: "${PROJECT:?the project whose Pub/Sub carries the messages}"

# make WHAT NAME ARGUMENT... creates one thing that is not there.
make() {
  local what=$1 name=$2
  shift 2
  if gcloud pubsub "$what" list --project="$PROJECT" --filter="name:projects/$PROJECT/$what/$name" --format='value(name)' | grep -qx "projects/$PROJECT/$what/$name"; then
    return
  fi
  gcloud pubsub "$what" create "$name" --project="$PROJECT" "$@"
}
topic() { make topics "$1"; }
subscription() { make subscriptions "$1" --topic="$2" "${@:3}"; }

topic culvert-intents
topic culvert-commands
topic culvert-results
topic culvert-status
topic culvert-dead

subscription culvert-dead culvert-dead --ack-deadline=30 --message-retention-duration=7d --expiration-period=never --min-retry-delay=1s --max-retry-delay=60s
subscription culvert-intents culvert-intents --ack-deadline=30 --message-retention-duration=7d --expiration-period=never --min-retry-delay=1s --max-retry-delay=60s --dead-letter-topic=culvert-dead --max-delivery-attempts=100
subscription culvert-results culvert-results --ack-deadline=30 --message-retention-duration=7d --expiration-period=never --min-retry-delay=1s --max-retry-delay=60s --dead-letter-topic=culvert-dead --max-delivery-attempts=100
subscription culvert-commands-network culvert-commands --ack-deadline=30 --message-retention-duration=7d --expiration-period=never --min-retry-delay=1s --max-retry-delay=60s --dead-letter-topic=culvert-dead --max-delivery-attempts=100 --message-filter='attributes.culvert_subject = "culvert.commands.network"'
subscription culvert-commands-egress culvert-commands --ack-deadline=30 --message-retention-duration=7d --expiration-period=never --min-retry-delay=1s --max-retry-delay=60s --dead-letter-topic=culvert-dead --max-delivery-attempts=100 --message-filter='attributes.culvert_subject = "culvert.commands.egress"'
subscription culvert-commands-routing culvert-commands --ack-deadline=30 --message-retention-duration=7d --expiration-period=never --min-retry-delay=1s --max-retry-delay=60s --dead-letter-topic=culvert-dead --max-delivery-attempts=100 --message-filter='attributes.culvert_subject = "culvert.commands.routing"'
subscription culvert-commands-policy culvert-commands --ack-deadline=30 --message-retention-duration=7d --expiration-period=never --min-retry-delay=1s --max-retry-delay=60s --dead-letter-topic=culvert-dead --max-delivery-attempts=100 --message-filter='attributes.culvert_subject = "culvert.commands.policy"'

# Who reads the status events has a subscription of its own each, named in the daemon's configuration (pubsub.statusReaders).
for reader in ${STATUS_READERS:-}; do
  make subscriptions "culvert-status-$reader" --topic=culvert-status --ack-deadline=30 --message-retention-duration=7d --expiration-period=never \
    --min-retry-delay=1s --max-retry-delay=60s --dead-letter-topic=culvert-dead --max-delivery-attempts=100
done
