package gcp

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// An Identity is as whom calls are made, and which project they are charged to.
type Identity struct {
	// ServiceAccount is the e-mail address of a service account that is impersonated; "" is the process's own account:
	// the application default credentials.
	ServiceAccount string
	// Delegates are the accounts between the process's own and ServiceAccount, by address: each may create tokens of
	// the next one, and the last of ServiceAccount.
	Delegates []string
	// QuotaProject is what calls of client-based APIs are charged to (X-Goog-User-Project); "" leaves it to Google and
	// the environment.
	QuotaProject string
}

// A ProjectIdentity is the identity of the calls for what is in some projects.
type ProjectIdentity struct {
	Identity
	// Projects are ids, or patterns with "*" for any number of characters.
	Projects []string
}

// ownAccount is what people are told where nothing is impersonated.
const ownAccount = "the worker's own account"

// ownMember stands in commands for the account of the worker, which nobody but Google knows for certain.
const ownMember = "WORKER"

// caller is the account that asks for tokens of the service account.
func (i Identity) caller() string {
	if n := len(i.Delegates); n > 0 {
		return i.Delegates[n-1]
	}
	return ownMember
}

// String is the identity in words: the account and, where there is one, the project that is charged.
func (i Identity) String() string {
	name := ownAccount
	if i.ServiceAccount != "" {
		name = i.ServiceAccount
	}
	if len(i.Delegates) > 0 {
		name += " by way of " + strings.Join(i.Delegates, ", ")
	}
	if i.QuotaProject != "" {
		name += " (quota project " + i.QuotaProject + ")"
	}
	return name
}

// check tells an identity that cannot be meant.
func (i Identity) check() error {
	if i.ServiceAccount == "" && len(i.Delegates) > 0 {
		return errors.New("delegates without a service account to impersonate")
	}
	return nil
}

// says tells whether there is anything in it.
func (i Identity) says() bool { return i.ServiceAccount != "" || i.QuotaProject != "" }

// check tells an entry that cannot be meant.
func (p ProjectIdentity) check() error {
	if len(p.Projects) == 0 {
		return errors.New("identity without projects")
	}
	for _, pattern := range p.Projects {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("identity of projects %q: %w", pattern, err)
		}
	}
	return p.Identity.check()
}

// of tells whether the entry is for a project.
func (p ProjectIdentity) of(project string) bool {
	for _, pattern := range p.Projects {
		if fits, _ := path.Match(pattern, project); fits { // patterns were checked
			return true
		}
	}
	return false
}
