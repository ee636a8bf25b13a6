package reach

import (
	"slices"
	"strings"
)

// deciders are the objects that decide some flows, in the order of the way, there and then back.
func (v Verdict) deciders(of Flows) []string {
	return append(told(v.Hops, of, ""), told(v.Back, of, wayBack)...)
}

// wayBack comes before what decides about answers.
const wayBack = "way back, "

// told are the hops that decide some flows, in words.
func told(hops []Hop, of Flows, way string) (out []string) {
	for _, h := range deciding(hops, of) {
		if one := way + h.words(); !slices.Contains(out, one) && len(out) < maxNamed {
			out = append(out, one)
		}
	}
	return out
}

// deciding are the hops that decide some flows.
func deciding(hops []Hop, of Flows) (out []Hop) {
	for _, h := range hops {
		if h.Act == Arrive && h.Object == filterPassed { // what let it out is told before
			continue
		}
		if !h.Flows.Intersect(of).Empty() {
			out = append(out, h)
		}
	}
	return out
}

// words are a hop for people: what decides, and where, if its name does not tell.
func (h Hop) words() string {
	object := h.Object
	placeless := []string{"implied", "NAT", "subnet", "routes", "always blocked", "next hop"}
	if slices.Contains(placeless, h.Layer) && h.Realm != "" && !strings.Contains(object, "/") {
		object += " in " + string(h.Realm)
	}
	return h.Layer + ": " + object + " (" + string(h.Act) + ")"
}

// maxLed is how many of the objects that led to the end of a way are told.
const maxLed = 4

// ends tells what ends the way of some flows, or lets out what should be closed, after what led there: whoever answered
// the name, the routes and the gateways.
//
// The hops of several answers to a switch follow each other, so that the last one of all may be of no end.
func (v Verdict) ends(want Want, of Flows, unanswered bool) string {
	hops, way, act := deciding(v.Hops, of), "", Deny
	if unanswered {
		hops, way = deciding(v.Back, of), wayBack
	}
	if want == Closed {
		act = Allow
	}
	if len(hops) == 0 {
		return ""
	}
	last := len(hops) - 1
	for i, h := range slices.Backward(hops) {
		if h.Act == act {
			last = i
			break
		}
	}
	for hops[last].Act == Next && last > 0 { // it has left the decision to others
		last--
	}
	end := hops[last].words()
	var led []string
	for i, h := range hops {
		leads := i < last && slices.Contains([]string{"names", "policy routes", "routes", "gateway"}, h.Layer) ||
			h.Act == Next && h.Layer == "routes" // of another answer to whether it leaves the decision to others
		if one := h.words(); leads && one != end && !slices.Contains(led, one) {
			led = append(led, one)
		}
	}
	if len(led) > maxLed { // the first tells what the name meant, or which way was taken at all
		led = append(led[:1:1], led[len(led)-maxLed+1:]...)
	}
	if len(led) > 0 {
		end += ", after " + strings.Join(led, ", ")
	}
	return way + end
}
