package recorded

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// exchange is one recorded request with its answer. Both carry placeholders such as ${projectId}.
type exchange struct {
	method string
	host   string
	path   string // as recorded, with placeholders
	query  string
	body   map[string]any // nil = none
	status int
	answer map[string]any // nil = none or not an object
}

var (
	exchangeEnd = regexp.MustCompile(`(?m)^-{3,}\s*$`)
	statusLine  = regexp.MustCompile(`(?m)^(?:HTTP/\S+ )?(\d{3}) [A-Z][A-Za-z -]*$`)
)

// readLog parses a log: request line, headers, blank, body, blank, status line, headers, blank, body, separated by
// dashes. What is not HTTP with JSON, as a gRPC call, is told and left out.
func readLog(file string) (list []exchange, unread []string, err error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	for i, text := range exchangeEnd.Split(string(raw), -1) {
		if strings.TrimSpace(text) == "" {
			continue
		}
		e, err := parseExchange(text)
		if err != nil {
			unread = append(unread, fmt.Sprintf("%s: exchange %d: %v", filepath.Base(file), i+1, err))
			continue
		}
		list = append(list, e)
	}
	return list, unread, nil
}

func parseExchange(text string) (exchange, error) {
	at := statusLine.FindStringSubmatchIndex(text)
	if at == nil {
		return exchange{}, fmt.Errorf("no status line")
	}
	head, sent := parts(text[:at[0]])
	_, got := parts(text[at[0]:])
	words := strings.Fields(head)
	if len(words) < 2 {
		return exchange{}, fmt.Errorf("no request line")
	}
	e := exchange{method: words[0]}
	e.status, _ = strconv.Atoi(text[at[2]:at[3]]) // three digits by the pattern
	rest, ok := strings.CutPrefix(words[1], "https://")
	if !ok {
		return exchange{}, fmt.Errorf("the request line %q has no https address", head)
	}
	rest, e.query, _ = strings.Cut(rest, "?")
	e.host, e.path, _ = strings.Cut(rest, "/")
	e.path = "/" + e.path
	if plain, err := url.PathUnescape(e.path); err == nil {
		e.path = plain
	}
	var err error
	if e.body, err = jsonObject(sent); err != nil {
		return exchange{}, fmt.Errorf("request body: %w", err)
	}
	if e.answer, err = jsonObject(got); err != nil {
		return exchange{}, fmt.Errorf("answer: %w", err)
	}
	return e, nil
}

// parts takes a message apart into its first line and its body.
func parts(message string) (first, body string) {
	message = strings.TrimLeft(strings.ReplaceAll(message, "\r\n", "\n"), "\n")
	head, body, _ := strings.Cut(message, "\n\n")
	first, _, _ = strings.Cut(head, "\n")
	return first, strings.TrimSpace(body)
}

func jsonObject(text string) (map[string]any, error) {
	if text == "" {
		return nil, nil
	}
	var doc map[string]any
	return doc, json.Unmarshal([]byte(text), &doc)
}

// collection is the kind of thing that a path is about: "networks", "rrsets", "operations".
func (e exchange) collection() string {
	segments := strings.Split(strings.Trim(e.path, "/"), "/")
	if i := indexOf(segments, "projects", "locations"); i >= 0 {
		segments = segments[i:]
	}
	for len(segments) > 2 && (segments[0] == "projects" || segments[0] == "regions" || segments[0] == "locations" ||
		segments[0] == "zones") {
		segments = segments[2:]
	}
	if len(segments) > 1 && segments[0] == "global" {
		segments = segments[1:]
	}
	if len(segments) > 2 && strings.HasPrefix(e.host, "dns.") { // a zone's own collections
		return segments[2]
	}
	name, _, _ := strings.Cut(segments[0], ":")
	return name
}

func indexOf(list []string, any ...string) int {
	for i, s := range list {
		for _, a := range any {
			if s == a {
				return i
			}
		}
	}
	return -1
}

// service is the first label of the host; Compute Engine is also served by the shared host.
func (e exchange) service() string {
	if strings.HasPrefix(e.path, "/compute/") {
		return "compute"
	}
	name, _, _ := strings.Cut(e.host, ".")
	return name
}

// kind names the row of an exchange.
func (e exchange) kind() string { return e.service() + "/" + e.collection() }
