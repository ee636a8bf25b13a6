package aviatrix

import (
	"slices"
	"strconv"
	"strings"
)

// maxPortSpan is how many ports one rule may cover (error-msgs.rst).
const maxPortSpan = 100

// normal brings a rule into the form the controller keeps: names in lower case (AVX-23725), a verdict where none was
// given.
func (r FQDNRule) normal() FQDNRule {
	r.FQDN, r.Proto, r.Port = strings.ToLower(strings.TrimSpace(r.FQDN)), strings.ToLower(r.Proto),
		strings.ToLower(r.Port)
	if r.Verdict == "" {
		r.Verdict = "Base Policy"
	}
	return r
}

func (r FQDNRule) text() string { return r.FQDN + "," + r.Proto + "," + r.Port + "," + r.Verdict }

// ports reads the port field of a tcp or udp rule.
func (r FQDNRule) ports() (lo, hi int, ok bool) {
	from, to, ranged := strings.Cut(r.Port, "-")
	lo, err := strconv.Atoi(from)
	hi = lo
	if err == nil && ranged {
		hi, err = strconv.Atoi(to)
	}
	return lo, hi, err == nil && lo >= 1 && hi >= lo && hi <= 65535
}

// check refuses what the controller refuses. Only the text about the port range is known; guess: the others.
func (r FQDNRule) check() error {
	if r.FQDN == "" {
		return refuse("For rule:[%s] fqdn must not be empty.", r.text())
	}
	if !slices.Contains([]string{"Base Policy", "Allow", "Deny"}, r.Verdict) {
		return refuse("For rule:[%s] verdict[%s] is invalid.", r.text(), r.Verdict)
	}
	switch r.Proto {
	case "all", "icmp":
		if want := map[string]string{"all": "all", "icmp": "ping"}[r.Proto]; r.Port != want {
			return refuse("For rule:[%s] protocol[%s] needs port[%s].", r.text(), r.Proto, want)
		}
	case "tcp", "udp":
		lo, hi, ok := r.ports()
		if !ok {
			return refuse("For rule:[%s] port[%s] is invalid.", r.text(), r.Port)
		}
		if hi-lo+1 > maxPortSpan {
			return refuse("For rule:[%s] port[%s] range must be within the caped limit of:%d.", r.text(), r.Port,
				maxPortSpan)
		}
	default:
		return refuse("For rule:[%s] protocol[%s] is invalid.", r.text(), r.Proto)
	}
	if strings.Contains(r.FQDN, "*") && r.FQDN != "*" && r.Port != "80" && r.Port != "443" {
		return refuse("For rule:[%s] wildcard is only supported for port 80 and 443.", r.text())
	}
	return nil
}

func (c *call) wantedRules(field string) ([]FQDNRule, error) {
	rules, err := c.in.rules(field)
	if err != nil {
		return nil, refuse("Invalid JSON in %s.", field)
	}
	for i := range rules {
		rules[i] = rules[i].normal()
		if err := rules[i].check(); err != nil {
			return nil, err
		}
	}
	return rules, nil
}

// setTagDomains replaces all rules of a tag; without the field, by nothing.
func setTagDomains(c *call) (any, error) {
	t, err := c.tag()
	if err != nil {
		return nil, err
	}
	if t.Domains, err = c.wantedRules("domain_names"); err != nil {
		return nil, err
	}
	c.put(kindTag, t, t.Name)
	return nil, nil
}

// addTagRules adds to what is there. guess: one rule that is there already refuses the whole call, and nothing is
// added.
func addTagRules(c *call) (any, error) {
	t, err := c.tag()
	if err != nil {
		return nil, err
	}
	rules, err := c.wantedRules("policies")
	if err != nil {
		return nil, err
	}
	for _, r := range rules {
		if slices.Contains(t.Domains, r) {
			return nil, refuse("Rule [%s] already exists in FQDN filter tag %s.", r.text(), t.Name)
		}
		t.Domains = append(t.Domains, r)
	}
	c.put(kindTag, t, t.Name)
	return nil, nil
}

// deleteTagRules removes the rules that are there and names the others. guess: that the ones that are there go all the
// same.
func deleteTagRules(c *call) (any, error) {
	t, err := c.tag()
	if err != nil {
		return nil, err
	}
	rules, err := c.in.rules("policies")
	if err != nil {
		return nil, refuse("Invalid JSON in policies.")
	}
	var unknown []string
	for _, r := range rules {
		r = r.normal()
		at := slices.Index(t.Domains, r)
		if at < 0 {
			unknown = append(unknown, "["+r.text()+"]")
			continue
		}
		t.Domains = slices.Delete(t.Domains, at, at+1)
	}
	c.put(kindTag, t, t.Name)
	if len(unknown) > 0 {
		return nil, refuse("In tag %s the following rules were not found: %s", t.Name, strings.Join(unknown, " "))
	}
	return nil, nil
}

func listTagDomains(c *call) (any, error) {
	t, err := c.tag()
	if err != nil {
		return nil, err
	}
	if t.Domains == nil {
		return []FQDNRule{}, nil
	}
	return t.Domains, nil
}
