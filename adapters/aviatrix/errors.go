package aviatrix

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// meaning is what a controller's words say about the next move.
type meaning int

const (
	unknown meaning = iota
	already         // it is so, or somebody made it so: success once it is read to be the same
	gone            // there is no such thing: success of a removal, a miss of a read
	again           // nothing happened, it may work later
	maybe           // the controller took it and does not know how it ended
	refused         // it will never work as asked
	running         // a task goes on
)

// declined are the statuses with which v2.5 says that it does not do what was asked, whatever else the answer has.
var declined = []int{http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusConflict,
	http.StatusUnprocessableEntity}

// Reasons of refusals on which the reading of facts depends.
const (
	reasonPermission  events.Reason = "permission"
	reasonUnsupported events.Reason = "unsupported"
)

// words fold the free text of a refusal, first match wins, compared without case. From A.B.2 and the manual's page of
// error messages; codes are matched where there are any.
var words = []struct {
	text    string
	meaning meaning
	reason  events.Reason
}{
	{"REQUEST_IN_PROGRESS", running, ""},
	{"Failed to deliver msg to gw", maybe, "partial"},

	{"AVXERR-TRANSIT-0034", already, ""},
	{"AVXERR-SITE2CLOUD-0069", already, ""},
	{"AVXERR-GATEWAY-0079", again, "gateway-down"},
	{"AVXERR-SITE2CLOUD-0049", again, "not-ready"},
	{"AVXERR-SECDOMAIN-0013", again, "not-ready"},
	{"AVXERR-TRANSIT-0121", refused, "not-primary"},
	{"AVXERR-TRANSIT-0320", refused, "invalid"},

	{"already exists", already, ""},
	{"already joined", already, ""},
	{"already enabled", already, ""},
	{"already associated", already, ""},
	{"already attached", already, ""}, // guess: an FQDN tag on a gateway
	{"No change", already, ""},        // "No change in", "No change on gateway", "no change needed"
	{"not changed", already, ""},
	{"Nothing to modify", already, ""},
	{"Template is already set to", already, ""},

	{"App domain not found", gone, ""},
	{"the following rules were not found", gone, ""},
	{"has not joined to any transit", gone, ""},
	{"is not attached to", gone, ""},
	{"already disabled", gone, ""},

	{"gateway is down", again, "gateway-down"},
	{"hagw is down", again, "gateway-down"},
	{"when it is down", again, "gateway-down"},
	{"is down", again, "gateway-down"},
	{"not up", again, "not-ready"},
	{"not ready", again, "not-ready"},

	{"range must be within the caped limit", refused, "invalid"},
	{"must have the same color", refused, "colour"}, // guess
	{"Quota", refused, "quota"},
	{"can only be deleted from", refused, "wrong-page"},
	{"Peerings detected", refused, "in-use"},
	{"Please detach it first", again, "in-use"},    // guess
	{"in use", again, "in-use"},                    // guess: a group that a rule names
	{"is referenced", again, "in-use"},             // guess
	{"Invalid action", refused, reasonUnsupported}, // guess: a call this version does not have
	{"not authorized", refused, reasonPermission},  // guess
	{"Permission denied", refused, reasonPermission},
	{"have permission", refused, reasonPermission}, // guess: "does not have permission", "do not have permission"
	{"not permitted", refused, reasonPermission},   // guess
	{"Access denied", refused, reasonPermission},   // guess

	{"does not exist", gone, ""},
	{"not found", gone, ""},
}

// coded are the two forms in which the controller marks an error as its own decision.
var coded = regexp.MustCompile(`\[AVXERR-[A-Z0-9]+-\d+\]|\[Aviatrix Error\]`)

// errAlready is the meaning "already": callers read what is there and go on. errRunning is the meaning "running".
var (
	errAlready = errors.New("it is so already")
	errRunning = errors.New("the task goes on")
)

// againAfter is how long the vendor's own tool waits before it tries a gateway that is down again (A.5).
const againAfter = 10 * time.Second

// reason folds a refusal's text into an error. A text nobody listed is the controller's refusal when it carries a code
// of its own (A.B.2: everything else is refused); without one a changing call is Unsure and a read stays unclassified.
func (c *Client) reason(name string, mutates bool, text string) error {
	err := fmt.Errorf("call %s: %s", name, text)
	m, word := meaningOf(text)
	switch {
	case m == already:
		return fmt.Errorf("%w: %w", err, errAlready)
	case m == gone:
		return fmt.Errorf("%w: %w", err, workers.ErrNotFound)
	case m == running, name == actionPoll && text == "": // an empty reason is taken for progress, too (A.4)
		return fmt.Errorf("%w: %w", err, errRunning)
	case m == again:
		return workers.Retry(word, c.paced(againAfter), err)
	case m == maybe && mutates:
		return workers.Unsure(word, err)
	case m == refused:
		return workers.Refuse(word, "%w", err)
	case m == unknown && coded.MatchString(text):
		return workers.Refuse("refused", "%w", err)
	case mutates:
		return workers.Unsure("unmapped", err)
	}
	return err
}

func meaningOf(text string) (meaning, events.Reason) {
	low := strings.ToLower(text)
	for _, w := range words {
		if strings.Contains(low, strings.ToLower(w.text)) {
			return w.meaning, w.reason
		}
	}
	return unknown, ""
}

// told folds a v2.5 answer below 500 with the controller's words: the status says that nothing was done. The words say
// more where they are listed; else it is a refusal, for want of a permission with 401 and 403 (A.2: the vendor's client
// never looks again).
func (c *Client) told(name string, mutates bool, status int, text string) error {
	m, _ := meaningOf(text)
	switch {
	case m != unknown && (m != maybe || !mutates):
		return c.reason(name, mutates, text)
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return workers.Refuse(reasonPermission, "call %s: %s", name, text)
	}
	return workers.Refuse("refused", "call %s: HTTP %d: %s", name, status, text)
}

// status folds an answer that decides nothing: a proxy's page, a v2.5 error of the server's own or without a message.
func (c *Client) status(name string, mutates bool, a answer) error {
	err := fmt.Errorf("call %s: HTTP %d", name, a.status)
	if a.words != "" {
		err = fmt.Errorf("%w: %s", err, a.words)
	}
	switch {
	case a.status == http.StatusTooManyRequests:
		return workers.Retry("throttled", c.paced(againAfter), err)
	case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden:
		return workers.Refuse(reasonPermission, "%w", err)
	case mutates:
		return workers.Unsure("no-answer", err)
	}
	return workers.Retry(events.ReasonUnavailable, c.paced(againAfter), err)
}

// transport folds a request that got no answer. One that never left (no connection) did nothing; any other changing
// call may have been carried out: the answer of a slow one comes after the deadline (A.4).
func transport(name string, mutates bool, cause error) error {
	err := fmt.Errorf("call %s: %w", name, cause)
	var op *net.OpError
	if errors.As(cause, &op) && op.Op == "dial" {
		return workers.Retry("unreachable", 0, err)
	}
	if mutates {
		return workers.Unsure("no-answer", err)
	}
	if errors.Is(cause, context.DeadlineExceeded) || errors.Is(cause, context.Canceled) {
		return err
	}
	return workers.Retry("no-answer", 0, err)
}

func unreadable(name string, mutates bool, cause error) error {
	err := fmt.Errorf("read answer of %s: %w", name, cause)
	if mutates {
		return workers.Unsure("unreadable", err)
	}
	return workers.Retry("unreadable", 0, err)
}

// made takes "it is so already" for success: the caller has read that it was not so, and reads again at the end.
func made(err error) error {
	if errors.Is(err, errAlready) {
		return nil
	}
	return err
}

// removed takes "there is no such thing" for success.
func removed(err error) error {
	if errors.Is(err, workers.ErrNotFound) || errors.Is(err, errAlready) {
		return nil
	}
	return err
}
