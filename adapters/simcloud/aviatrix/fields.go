package aviatrix

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"sort"
	"strings"
)

// maxBody bounds one request; the largest whole list a client sends is far below it.
const maxBody = 4 << 20

// fields is what a v1 or v2 request says, whatever its encoding: query, form, multipart form or a flat JSON object. A
// JSON value that is not a string is kept as its JSON text. Clients leak keys that no action knows; nobody looks at
// them.
type fields struct {
	values url.Values
	json   bool // the body was JSON: an expired session is worded differently there
}

// readFields reads the query and the body, also of a GET: clients put a form into it.
func readFields(r *http.Request) (fields, error) {
	f := fields{values: url.Values{}}
	for k, v := range r.URL.Query() {
		f.values[k] = v
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "multipart/form-data" {
		if err := r.ParseMultipartForm(maxBody); err != nil {
			return f, err
		}
		for k, v := range r.MultipartForm.Value {
			f.values[k] = v
		}
		return f, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil || len(body) == 0 {
		return f, err
	}
	if kind == "application/json" {
		f.json = true
		return f, f.addJSON(body)
	}
	form, err := url.ParseQuery(string(body))
	for k, v := range form {
		f.values[k] = v
	}
	return f, err
}

func (f fields) addJSON(body []byte) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(body, &object); err != nil {
		return err
	}
	for k, raw := range object {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = strings.TrimSpace(string(raw))
		}
		if text == "null" {
			text = ""
		}
		f.values.Set(k, text)
	}
	return nil
}

// get returns a field; the form encoder of the vendor's client writes zero values as empty strings, so absent and empty
// are one.
func (f fields) get(names ...string) string {
	for _, name := range names {
		if v := strings.TrimSpace(f.values.Get(name)); v != "" {
			return v
		}
	}
	return ""
}

func (f fields) yes(name string) bool { return means(f.get(name)) }

// means tells whether a text is one of those that clients send for yes.
func means(text string) bool {
	switch strings.ToLower(text) {
	case "true", "yes", "on", "enabled", "enable", "1":
		return true
	}
	return false
}

// list reads a list in any of the three ways clients send one: a,b,c; a JSON string array; name[0]=a&name[1]=b.
func (f fields) list(name string) []string {
	text := f.get(name)
	var entries []string
	switch {
	case strings.HasPrefix(text, "["):
		if json.Unmarshal([]byte(text), &entries) != nil {
			entries = []string{text}
		}
	case text != "":
		entries = strings.Split(text, ",")
	default:
		entries = f.indexed(name)
	}
	out := []string{}
	for _, e := range entries {
		if e = strings.TrimSpace(e); e != "" {
			out = append(out, e)
		}
	}
	return out
}

func (f fields) indexed(name string) []string {
	var keys []string
	for k := range f.values {
		if strings.HasPrefix(k, name+"[") && strings.Count(k, "[") == 1 {
			keys = append(keys, k)
		}
	}
	sort.Slice(keys, func(i, j int) bool {
		return len(keys[i]) < len(keys[j]) || (len(keys[i]) == len(keys[j]) && keys[i] < keys[j])
	})
	var out []string
	for _, k := range keys {
		out = append(out, f.values.Get(k))
	}
	return out
}

// rules reads FQDN rules: a JSON string, or the bracket keys of older scripts (domain_names[0][fqdn]).
func (f fields) rules(name string) ([]FQDNRule, error) {
	var rules []FQDNRule
	if text := f.get(name); text != "" {
		err := json.Unmarshal([]byte(text), &rules)
		return rules, err
	}
	byIndex := map[string]map[string]string{}
	var order []string
	for k := range f.values {
		rest, ok := strings.CutPrefix(k, name+"[")
		index, field, two := strings.Cut(strings.TrimSuffix(rest, "]"), "][")
		if !ok || !two {
			continue
		}
		if byIndex[index] == nil {
			byIndex[index] = map[string]string{}
			order = append(order, index)
		}
		byIndex[index][field] = f.values.Get(k)
	}
	sort.Strings(order)
	for _, index := range order {
		m := byIndex[index]
		rules = append(rules, FQDNRule{FQDN: m["fqdn"], Proto: m["proto"], Port: m["port"], Verdict: m["verdict"]})
	}
	return rules, nil
}
