package wiretest_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events/wiretest"
)

type inner struct {
	N int `json:"n"`
}

type outer struct {
	inner
	Self  *outer           `json:"self,omitempty"`
	List  []inner          `json:"list"`
	Map   map[string]inner `json:"map"`
	At    time.Time        `json:"at,omitzero"`
	Raw   []byte           `json:"raw"`
	Not   string           `json:"-"`
	Loose bool
}

func TestMembers(t *testing.T) {
	got := wiretest.Members("o", reflect.TypeFor[outer]())
	want := []string{
		"o.Loose untagged", "o.at time", "o.list[].n integer", "o.map{}.n integer", "o.n integer", "o.raw base64",
	}
	if !slices.Equal(got, want) {
		t.Errorf("members are %q, want %q", got, want)
	}
}

func TestCompare(t *testing.T) {
	missing, added := wiretest.Compare([]string{"1 A", "2 B"}, []string{"1 A", "2 C"})
	if !slices.Equal(missing, []string{"2 B"}) || !slices.Equal(added, []string{"2 C"}) {
		t.Errorf("missing %q, added %q", missing, added)
	}
}

func TestWords(t *testing.T) {
	if got := wiretest.Words(t, "testdata", "word"); !slices.Equal(got, []string{"word one-word"}) {
		t.Errorf("words are %q", got)
	}
}
