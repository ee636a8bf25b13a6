package pubsub

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"time"
)

// The script for those who do not let a daemon make things makes what Setup makes, to the letter.
func TestScriptMakesWhatSetupMakes(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("../../deployments/google/pubsub.sh")
	if err != nil {
		t.Fatal(err)
	}
	var is []string
	for line := range strings.Lines(string(script)) {
		if strings.HasPrefix(line, "topic ") || strings.HasPrefix(line, "subscription ") {
			is = append(is, strings.TrimSpace(line))
		}
	}
	o := Options{Project: "p", Capabilities: []string{"network", "egress", "routing", "policy"}}
	if err := o.fill(); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, id := range topics {
		want = append(want, "topic "+id)
	}
	for _, p := range o.places() {
		s := p.wanted(o)
		line := fmt.Sprintf("subscription %s %s --ack-deadline=%d --message-retention-duration=%dd "+
			"--expiration-period=never --min-retry-delay=%ds --max-retry-delay=%ds",
			p.id, path.Base(s.GetTopic()), s.GetAckDeadlineSeconds(),
			s.GetMessageRetentionDuration().AsDuration()/(24*time.Hour),
			s.GetRetryPolicy().GetMinimumBackoff().GetSeconds(), s.GetRetryPolicy().GetMaximumBackoff().GetSeconds())
		if d := s.GetDeadLetterPolicy(); d != nil {
			line += fmt.Sprintf(" --dead-letter-topic=%s --max-delivery-attempts=%d", path.Base(d.GetDeadLetterTopic()),
				d.GetMaxDeliveryAttempts())
		}
		if f := s.GetFilter(); f != "" {
			line += " --message-filter='" + f + "'"
		}
		want = append(want, line)
	}
	slices.Sort(is)
	slices.Sort(want)
	if !slices.Equal(is, want) {
		t.Errorf("the script has\n%s\nand Setup makes\n%s", strings.Join(is, "\n"), strings.Join(want, "\n"))
	}
}
