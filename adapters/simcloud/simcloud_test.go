package simcloud_test

import (
	"context"
	"testing"

	"github.com/culvertnet/culvert/adapters/simcloud"
)

func TestDefaultScenarioStarts(t *testing.T) {
	s, err := simcloud.Start(context.Background(), simcloud.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if got := s.World.Resources(); len(got) != 0 {
		t.Errorf("a fresh world differs from its baseline: %v", got)
	}
}
