package privateservice

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/culvertnet/culvert/saga/plans/kind/kindtest"
	"github.com/culvertnet/culvert/saga/plans/operator/operatortest"
)

// The intents that newcomers submit first are admitted as they are, under the operator's configuration of the daemon.
func TestExamplesForNewcomersAreAdmitted(t *testing.T) {
	files, err := filepath.Glob("../../../examples/private-service*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d examples: %v", len(files), err)
	}
	ids := map[any]string{}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			var event map[string]any
			if err := yaml.Unmarshal(read(t, file), &event); err != nil {
				t.Fatal(err)
			}
			body, err := json.Marshal(event)
			if err != nil {
				t.Fatal(err)
			}
			if err := kindtest.Admit(New(operatortest.Config()).Admit).Accept(nil, body); err != nil {
				t.Errorf("it is refused: %v", err)
			}
			if other, twice := ids[event["id"]]; twice {
				t.Errorf("it has the id of %s, so submitting both is refused", other)
			}
			ids[event["id"]] = file
		})
	}
}
