package saga

import (
	"encoding/json"
	"testing"
)

func TestCompare(t *testing.T) {
	rules := map[string]Rule{"size": RuleGrow, "range": RuleReplace, "note": RuleIgnore, "deep": RuleReplace,
		"to": RuleReplace, "to/hop": RuleChange, "to/note": RuleIgnore}
	for name, c := range map[string]struct {
		old, new string
		want     Transition
	}{
		"same":                       {`{"a":1}`, `{"a":1}`, TransitionKeep},
		"order of fields":            {`{"a":1,"b":2}`, `{"b":2,"a":1}`, TransitionKeep},
		"absent and null":            {`{"a":null}`, `{}`, TransitionKeep},
		"null within":                {`{"a":{"b":null}}`, `{"a":{}}`, TransitionKeep},
		"another spelling":           {`{"a":100}`, `{"a":1e2}`, TransitionKeep},
		"another spelling within":    {`{"a":[1.0]}`, `{"a":[1]}`, TransitionKeep},
		"large numbers that differ":  {`{"a":9007199254740992}`, `{"a":9007199254740993}`, TransitionChange},
		"changed":                    {`{"a":1}`, `{"a":2}`, TransitionChange},
		"changed within":             {`{"a":{"b":[1,2]}}`, `{"a":{"b":[2,1]}}`, TransitionChange},
		"came":                       {`{}`, `{"a":1}`, TransitionChange},
		"went":                       {`{"a":1}`, `{}`, TransitionChange},
		"ignored":                    {`{"note":1}`, `{"note":2}`, TransitionKeep},
		"ignored and changed":        {`{"note":1,"a":1}`, `{"note":2,"a":2}`, TransitionChange},
		"replaced":                   {`{"range":"x"}`, `{"range":"y"}`, TransitionReplace},
		"replaced within":            {`{"deep":{"x":[{"y":1}]}}`, `{"deep":{"x":[{"y":2}]}}`, TransitionReplace},
		"changed and replaced":       {`{"a":1,"range":"x"}`, `{"a":2,"range":"y"}`, TransitionReplace},
		"zero came":                  {`{}`, `{"a":0}`, TransitionChange},
		"zero went":                  {`{"a":0}`, `{}`, TransitionChange},
		"a number became a text":     {`{"a":1}`, `{"a":"1"}`, TransitionChange},
		"a huge exponent":            {`{"a":1e999999999}`, `{"a":2e999999999}`, TransitionChange},
		"grown":                      {`{"size":2}`, `{"size":3}`, TransitionChange},
		"grown beyond two digits":    {`{"size":9}`, `{"size":10}`, TransitionChange},
		"shrunk":                     {`{"size":3}`, `{"size":2}`, TransitionReplace},
		"grown from nothing":         {`{}`, `{"size":2}`, TransitionChange},
		"shrunk to nothing":          {`{"size":2}`, `{}`, TransitionReplace},
		"no number":                  {`{"size":"small"}`, `{"size":"large"}`, TransitionReplace},
		"grown and replaced":         {`{"size":2,"range":"x"}`, `{"size":3,"range":"y"}`, TransitionReplace},
		"in place within":            {`{"to":{"id":1,"hop":1}}`, `{"to":{"id":1,"hop":2}}`, TransitionChange},
		"came within":                {`{"to":{"id":1}}`, `{"to":{"id":1,"hop":2}}`, TransitionChange},
		"ignored within":             {`{"to":{"id":1}}`, `{"to":{"id":1,"note":2}}`, TransitionKeep},
		"both within":                {`{"to":{"id":1,"hop":1}}`, `{"to":{"id":2,"hop":2}}`, TransitionReplace},
		"went altogether":            {`{"to":{"hop":1}}`, `{}`, TransitionReplace},
		"what is no object any more": {`[1]`, `{"a":1}`, TransitionChange},
	} {
		t.Run(name, func(t *testing.T) {
			if got := compare(rules, json.RawMessage(c.old), json.RawMessage(c.new)); got != c.want {
				t.Errorf("compare(%s, %s) = %s, want %s", c.old, c.new, got, c.want)
			}
		})
	}
}
