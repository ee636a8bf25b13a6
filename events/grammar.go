package events

import (
	"fmt"
	"regexp"
	"strings"
)

// The grammars of names. Each has one owner, here, and one check: the plan, the registry of steps, the codec, the
// subscriptions and the API ask the same function, so that what one of them accepts none of the others refuses. The
// grammar of connection keys is in key.go, that of intent types in intent.go, that of object names in name.go.

// ProveStep is the name under which the proof of a saga is shown among its steps. No step of a plan has it.
const ProveStep = "prove"

var (
	capabilityForm   = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$`)
	stepForm         = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)
	subscriptionForm = regexp.MustCompile(`^[a-z0-9-]{1,200}$`)
	headerForm       = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+.^_|~-]+$`)
)

// A StepKind is what a step is, "<capability>.<noun-verb>" as in "routing.announce".
type StepKind struct {
	// Capability names the workers that run steps of the kind.
	Capability string
	// Step is what the kind is called within its capability.
	Step string
}

// ParseStepKind takes a kind apart. The capability has at most 40 characters, because it is a part of subjects, of
// subscriptions and of the key of its hold; the step's part has at most 63.
func ParseStepKind(kind string) (StepKind, error) {
	capability, step, found := strings.Cut(kind, ".")
	if !found {
		return StepKind{}, fmt.Errorf("parse step kind %q: want <capability>.<step>", kind)
	}
	if err := ParseCapability(capability); err != nil {
		return StepKind{}, fmt.Errorf("parse step kind %q: %w", kind, err)
	}
	if !stepForm.MatchString(step) {
		return StepKind{}, fmt.Errorf("parse step kind %q: %q does not match %s", kind, step, stepForm)
	}
	return StepKind{Capability: capability, Step: step}, nil
}

// CapabilityOf is the capability of a kind that ParseStepKind takes. It is asked often, and checks nothing.
func CapabilityOf(kind string) string {
	capability, _, _ := strings.Cut(kind, ".")
	return capability
}

// ParseCapability tells what is wrong with the name of a capability.
func ParseCapability(name string) error {
	if !capabilityForm.MatchString(name) {
		return fmt.Errorf("parse capability %q: it does not match %s", name, capabilityForm)
	}
	return nil
}

// ParseStepName tells what is wrong with a step's name in a plan ("announce-2").
func ParseStepName(name string) error {
	switch {
	case name == ProveStep:
		return fmt.Errorf("parse step name %q: the name belongs to the proof", name)
	case !stepForm.MatchString(name):
		return fmt.Errorf("parse step name %q: it does not match %s", name, stepForm)
	}
	return nil
}

// ParseSubscriptionName tells what is wrong with the name of a subscription.
func ParseSubscriptionName(name string) error {
	if !subscriptionForm.MatchString(name) {
		return fmt.Errorf("parse subscription name %q: it does not match %s", name, subscriptionForm)
	}
	return nil
}

// CheckHeader tells what is wrong with a header of a message: its name is one token, its value one line. A broker may
// refuse more: names that are its own, and sizes.
func CheckHeader(name, value string) error {
	if !headerForm.MatchString(name) {
		return fmt.Errorf("header %q: the name does not match %s", name, headerForm)
	}
	if strings.ContainsAny(value, "\r\n") {
		return fmt.Errorf("header %q: the value %q is not one line", name, value)
	}
	return nil
}
