package sagatest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Script is a story: its first line says what it proves, then come commands, each with the transcript of what
// followed.
//
//	# Independent branches run at the same time.
//	submit apply id=1
//	  a net.a
//	  b net.b
//	----
//	SagaStarted ...
//
// A command is one line with indented lines below it; the transcript ends at the first empty line. [Script.Run] plays
// the commands and gives the file as it should be. The commands are in commands.go.
type Script struct {
	Title string
	steps []scriptStep
}

type scriptStep struct {
	command string
	lines   []string
}

// ParseScript reads a script. The transcript in it is left out: it is what Run makes.
func ParseScript(text string) (*Script, error) {
	title, rest, _ := strings.Cut(text, "\n")
	if !strings.HasPrefix(title, "# ") || !strings.HasSuffix(title, ".") {
		return nil, fmt.Errorf("the first line is no sentence behind a #: %q", title)
	}
	s := &Script{Title: title}
	transcript := false
	for line := range strings.Lines(rest) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "":
			transcript = false
		case transcript:
		case line == "----":
			transcript = true
		case strings.HasPrefix(line, " ") && len(s.steps) > 0:
			last := &s.steps[len(s.steps)-1]
			last.lines = append(last.lines, strings.TrimSpace(line))
		default:
			s.steps = append(s.steps, scriptStep{command: line})
		}
	}
	return s, nil
}

// Run plays the script on a machine and gives its text with the transcript. An error is a broken promise of the engine,
// or a command that cannot be played.
func (s *Script) Run(m *Machine) (string, error) {
	p := &player{m: m}
	var b strings.Builder
	b.WriteString(s.Title + "\n")
	for _, step := range s.steps {
		b.WriteString("\n" + step.command + "\n")
		for _, line := range step.lines {
			b.WriteString("  " + line + "\n")
		}
		p.out.Reset()
		if err := p.play(step); err != nil {
			return "", fmt.Errorf("%s: %w", step.command, err)
		}
		b.WriteString("----\n" + p.out.String())
	}
	if _, err := m.Wholesale(); err != nil {
		return "", err
	}
	return b.String(), nil
}

// player plays commands on a machine.
type player struct {
	m   *Machine
	out strings.Builder
	// told is the number of records whose status changes have been shown.
	told int
}

func (p *player) printf(format string, args ...any) {
	p.out.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

// play runs one command.
func (p *player) play(step scriptStep) error {
	words := strings.Fields(step.command)
	run, known := commands[words[0]]
	if !known {
		return fmt.Errorf("there is no such command, only %s", strings.Join(slices.Sorted(maps.Keys(commands)), ", "))
	}
	return run(p, parseArgs(words[1:], step.lines))
}

// args are the words of a command: plain ones, options as name=value, and the lines below it.
type args struct {
	words   []string
	options map[string]string
	lines   []string
}

func parseArgs(words, lines []string) args {
	a := args{options: map[string]string{}, lines: lines}
	for _, w := range words {
		if name, value, is := strings.Cut(w, "="); is {
			a.options[name] = value
		} else {
			a.words = append(a.words, w)
		}
	}
	return a
}

// word gives the i-th plain word, empty when there is none.
func (a args) word(i int) string {
	if i < len(a.words) {
		return a.words[i]
	}
	return ""
}

// rest joins the plain words from the i-th on.
func (a args) rest(i int) string {
	if i >= len(a.words) {
		return ""
	}
	return strings.Join(a.words[i:], " ")
}

// take gives an option and removes it.
func (a args) take(name, otherwise string) string {
	v, ok := a.options[name]
	if !ok {
		return otherwise
	}
	delete(a.options, name)
	return v
}

var errUsage = errors.New("the command is not written as it should be")
