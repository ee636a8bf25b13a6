#!/usr/bin/env bash
# Gives each role of Culvert what it needs on the topics and subscriptions that pubsub.sh (or "culvertd setup") has made, and no more.
# Nothing here gives rights on networks: what workers may do there is theirs (docs/google-backend.md).
#
#   PROJECT=… PROJECT_NUMBER=… ORCHESTRATOR=sa@… WORKER=sa@… [PUBLISHERS="sa@… sa@…"] [STATUS_READERS="console audit"] deployments/google/iam.sh
set -euo pipefail
: "${PROJECT:?}" "${PROJECT_NUMBER:?}" "${ORCHESTRATOR:?}" "${WORKER:?}"
service=service-$PROJECT_NUMBER@gcp-sa-pubsub.iam.gserviceaccount.com
capabilities=(network egress routing policy)

publish() { gcloud pubsub topics add-iam-policy-binding "$2" --project="$PROJECT" --member="serviceAccount:$1" --role=roles/pubsub.publisher; }
read_from() { gcloud pubsub subscriptions add-iam-policy-binding "$2" --project="$PROJECT" --member="serviceAccount:$1" --role=roles/pubsub.subscriber; }

# Every process compares topics and subscriptions with what they have to be when it starts, and helps to keep dead letters.
for who in "$ORCHESTRATOR" "$WORKER"; do
  gcloud projects add-iam-policy-binding "$PROJECT" --member="serviceAccount:$who" --role=roles/pubsub.viewer --condition=None
  publish "$who" culvert-dead
  read_from "$who" culvert-dead
done

# The orchestrator takes intents and results, and publishes commands and status events. It publishes to the first two as well:
# dead letters that an operator sends again, and messages that have waited very long.
for t in culvert-intents culvert-commands culvert-results culvert-status; do publish "$ORCHESTRATOR" "$t"; done
for s in culvert-intents culvert-results; do read_from "$ORCHESTRATOR" "$s"; done

# The worker takes commands and publishes results (and commands, that have waited very long).
for t in culvert-results culvert-commands; do publish "$WORKER" "$t"; done
for c in "${capabilities[@]}"; do read_from "$WORKER" "culvert-commands-$c"; done

# Publishers hand in intents, and can read nothing.
for who in ${PUBLISHERS:-}; do publish "$who" culvert-intents; done

# Pub/Sub itself moves what no handler ever answers into the dead letters.
publish "$service" culvert-dead
for s in culvert-intents culvert-results "${capabilities[@]/#/culvert-commands-}"; do read_from "$service" "$s"; done
for reader in ${STATUS_READERS:-}; do read_from "$service" "culvert-status-$reader"; done
