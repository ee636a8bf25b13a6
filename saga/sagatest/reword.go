package sagatest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// texts are the fields that hold text for people, where their type is string or a list of them.
var texts = []string{"Cause", "Detail", "Failing", "Message", "Reason", "Retained", "Text"}

// reworded is Input of a machine whose texts for people are replaced on their way in and on their way to the journal.
func (m *Machine) reworded(in saga.Input) (d saga.Decision, answer, broken error) {
	switch i := in.(type) {
	case saga.Report:
		i.Result, broken = reword(i.Result, m.Words)
		in = i
	case saga.Operate:
		i.Action, broken = reword(i.Action, m.Words)
		in = i
	}
	if broken != nil {
		return d, nil, broken
	}
	d, answer = m.Engine.Decide(m.State, in, m.Environment())
	if answer != nil || len(d.Facts) == 0 {
		return d, answer, m.promises()
	}
	for i, f := range d.Facts {
		if d.Facts[i], broken = rewordFact(f, m.Words); broken != nil {
			return d, nil, broken
		}
	}
	r, err := m.record(&d)
	if err != nil {
		return d, nil, err
	}
	m.State, err = saga.Rebuild(m.State.Key, Snapshot(m.State), []saga.Record{r})
	if err != nil {
		return d, nil, fmt.Errorf("what was reworded cannot be replayed: %w", err)
	}
	d.State = m.State
	return d, nil, m.promises()
}

// reword gives a copy with every text for people replaced. An empty text stays: whether there is one may decide.
func reword[T any](v T, words func(string) string) (T, error) {
	var c T
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil {
		return c, err
	}
	rewordIn(reflect.ValueOf(&c).Elem(), words)
	return c, nil
}

// rewordFact is reword of a fact, whose type is known by itself only.
func rewordFact(f saga.Fact, words func(string) string) (saga.Fact, error) {
	c := reflect.New(reflect.TypeOf(f))
	b, err := json.Marshal(f)
	if err == nil {
		err = json.Unmarshal(b, c.Interface())
	}
	if err != nil {
		return nil, err
	}
	rewordIn(c.Elem(), words)
	return c.Elem().Interface().(saga.Fact), nil
}

func rewordIn(v reflect.Value, words func(string) string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			rewordIn(v.Elem(), words)
		}
	case reflect.Slice:
		for i := range v.Len() {
			rewordIn(v.Index(i), words)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			rewordField(v.Type().Field(i), v.Field(i), words)
		}
	}
}

func rewordField(f reflect.StructField, v reflect.Value, words func(string) string) {
	text := slices.Contains(texts, f.Name)
	switch f.Type {
	case reflect.TypeFor[string]():
		if s := v.String(); s != "" && text {
			v.SetString(words(s))
		}
	case reflect.TypeFor[[]string]():
		if !text {
			return
		}
		for k := range v.Len() {
			v.Index(k).SetString(words(v.Index(k).String()))
		}
	case reflect.TypeFor[json.RawMessage](), reflect.TypeFor[events.Key]():
	default:
		if f.IsExported() {
			rewordIn(v, words)
		}
	}
}
