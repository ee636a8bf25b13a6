package wiretest

import (
	"strings"

	"pgregory.net/rapid"
)

// Names generates names of steps, capabilities and the like: good ones, ones that differ from a good one by little, and
// any text at all.
func Names() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[a-z][a-z0-9-]{0,12}`),
		rapid.Custom(func(t *rapid.T) string { // around the limits of length
			n := rapid.SampledFrom([]int{1, 2, 19, 20, 38, 39, 40, 41, 61, 62, 63, 64, 255, 256}).Draw(t, "length")
			end := rapid.SampledFrom([]string{"", "a", "9", "-", "--"}).Draw(t, "end")
			return strings.Repeat("a", max(0, n-len(end))) + end
		}),
		rapid.Custom(func(t *rapid.T) string { // a good one with something in it
			name := rapid.StringMatching(`[a-z][a-z0-9-]{0,12}`).Draw(t, "name")
			at := rapid.IntRange(0, len(name)).Draw(t, "at")
			return name[:at] + rapid.SampledFrom(spoilers).Draw(t, "spoiler") + name[at:]
		}),
		rapid.SampledFrom(
			[]string{"", "prove", "engine", "checkpoints", "capability-net", "culvert", "goog", "nats-x"},
		),
		rapid.String(),
	)
}

// spoilers mean something to a broker, a URL, a store or a terminal, or only look like a letter.
var spoilers = []string{
	".", "..", "-", "_", "/", "*", ">", " ", "\t", "\n", "\r\n", "\x00", "%2F", "%", "?", "#", "A", "é", "е", "ß", "ſ",
	"٣", "世", "\u200b",
	"\u202e", "\xff", "=", "$", "@", ":", "~", "+", "0", "9",
}

// Kinds generates kinds of steps: two names with a dot between them, and what is not quite that.
func Kinds() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[a-z][a-z0-9-]{0,8}\.[a-z][a-z0-9-]{0,8}`),
		rapid.Custom(func(t *rapid.T) string {
			dot := rapid.SampledFrom([]string{".", ".", ".", "", "..", ". ", "/"}).Draw(t, "dot")
			return Names().Draw(t, "capability") + dot + Names().Draw(t, "step")
		}),
		Names(),
	)
}
