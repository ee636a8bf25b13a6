package culvert_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

var updateTexts = flag.Bool("update", false, "rewrite testdata/texts.txt; review its diff like code")

// textsFile has every text that this module shows to people, for review.
const textsFile = "testdata/texts.txt"

// A shown text is one that people read, with the package or file that it comes from.
type shown struct{ where, text string }

func (s shown) String() string { return s.where + "\t" + strconv.Quote(s.text) }

// speaks tells whether a package speaks to the users of Culvert. The simulated vendors speak the vendors' words, and
// what only tests use speaks to whoever works on the code.
func speaks(s source) bool {
	for _, below := range []string{"adapters/simcloud/google", "adapters/simcloud/aviatrix", "adapters/simcloud/bgp"} {
		if s.pkg == below {
			return false
		}
	}
	return !s.test && !strings.HasSuffix(s.pkg, "test") && !strings.HasSuffix(s.pkg, "local")
}

// sayers are functions whose texts are shown, also when they are a single word.
var sayers = regexp.MustCompile(`^(Errorf|New|Error\d*\w*|Refuse|RefuseWith|Wait|Retry|Unsure|NewRefusal|NewConflict|` +
	`Fprint(f|ln)?|Print(f|ln)?|(String|Bool|Int|Uint64|Float64|Duration|StringSlice)(P|Var|VarP)?|Info|Warn|Debug|WriteString)$`)

// fields are members of literals whose texts are shown.
var fields = regexp.MustCompile(
	`^(Use|Short|Long|Example|Deprecated|Summary|Description|Title|Usage|header|Text|Detail|Message|Reason)$`,
)

// goTexts are the texts in a package's Go files: every literal of several words, the arguments of functions and members
// of literals that say something, and the descriptions in struct tags. Parts joined by + are one text; what is put in
// at run time is written {}.
func goTexts(s source) []shown {
	var all []shown
	done := map[ast.Node]bool{}
	take := func(n ast.Node, word bool) {
		e, is := n.(ast.Expr)
		if !is || done[n] {
			return
		}
		text, literal := joined(e, done)
		if literal && (word && isWord(text) || isProse(text)) {
			all = append(all, shown{s.pkg, text})
		}
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			if n.Tag != nil {
				done[n.Tag] = true
				all = append(all, tagTexts(s, n.Tag.Value)...)
			}
		case *ast.CallExpr:
			if sayers.MatchString(called(n)) {
				for _, arg := range n.Args {
					take(arg, true)
				}
			}
		case *ast.KeyValueExpr:
			if key, is := n.Key.(*ast.Ident); is && fields.MatchString(key.Name) {
				take(n.Value, true)
			}
		case *ast.BinaryExpr, *ast.BasicLit:
			take(n, false)
		}
		return true
	})
	return all
}

// called is the name of the function that is called, without its package or receiver.
func called(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// joined is the text of a literal, or of parts joined by +; literal says that at least one part is one.
func joined(e ast.Expr, done map[ast.Node]bool) (text string, literal bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "{}", false
		}
		done[e] = true
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.ParenExpr:
		return joined(e.X, done)
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return "{}", false
		}
		a, first := joined(e.X, done)
		b, second := joined(e.Y, done)
		if first || second {
			done[e] = true
		}
		return a + b, first || second
	}
	return "{}", false
}

// isProse tells a text for people from a word, a path or a pattern: it has two words of letters beside each other.
var isProse = regexp.MustCompile(`\pL[\pL'’,;:.)]*\s+[\pL'’("%{]`).MatchString

func isWord(text string) bool {
	return strings.ContainsFunc(text, unicode.IsLetter) && !strings.ContainsAny(text, "/<>=")
}

// tagTexts are the descriptions of a field in the API.
func tagTexts(s source, literal string) (all []shown) {
	tag, err := strconv.Unquote(literal)
	if err != nil {
		return nil
	}
	for _, key := range []string{"doc", "description", "example"} {
		if text := reflect.StructTag(tag).Get(key); text != "" {
			all = append(all, shown{s.pkg, text})
		}
	}
	return all
}

// schemaTexts are the titles and descriptions of the schemas that publishers read.
func schemaTexts(t *testing.T) (all []shown) {
	t.Helper()
	files, err := filepath.Glob("schemas/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no schemas: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var schema any
		if err := json.Unmarshal(text, &schema); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, said := range described(schema) {
			all = append(all, shown{filepath.ToSlash(file), said})
		}
	}
	return all
}

func described(v any) (all []string) {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if text, is := value.(string); is && (key == "title" || key == "description" || key == "$comment") {
				all = append(all, text)
				continue
			}
			all = append(all, described(value)...)
		}
	case []any:
		for _, value := range v {
			all = append(all, described(value)...)
		}
	}
	return all
}

// commentTexts are the comments of the files that people copy: examples, configuration, deployments.
func commentTexts(t *testing.T) (all []shown) {
	t.Helper()
	var files []string
	for _, pattern := range []string{"examples/*.yaml", "deployments/*.yaml", "deployments/*/*.yaml",
		"cmd/culvertd/*.yaml", "Makefile"} {
		some, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, some...)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			_, comment, is := strings.Cut(line, "#")
			if comment = strings.Trim(comment, "# \n"); is && isProse(comment) {
				all = append(all, shown{filepath.ToSlash(file), comment})
			}
		}
	}
	return all
}

// everyText gives all texts, sorted, each once.
func everyText(t *testing.T) []shown {
	t.Helper()
	seen := map[shown]bool{}
	for _, s := range sources(t) {
		if !speaks(s) {
			continue
		}
		for _, text := range goTexts(s) {
			seen[text] = true
		}
	}
	for _, text := range append(schemaTexts(t), commentTexts(t)...) {
		seen[text] = true
	}
	return slices.SortedFunc(maps.Keys(seen), func(a, b shown) int { return strings.Compare(a.String(), b.String()) })
}

// TestTextsAreReviewed holds every text that people read against the reviewed file, so that nobody changes one unseen.
func TestTextsAreReviewed(t *testing.T) {
	var now strings.Builder
	for _, s := range everyText(t) {
		fmt.Fprintln(&now, s)
	}
	if *updateTexts {
		if err := os.WriteFile(textsFile, []byte(now.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	reviewed, err := os.ReadFile(textsFile)
	if err != nil {
		t.Fatal(err)
	}
	before, after := lineSet(string(reviewed)), lineSet(now.String())
	for line := range after {
		if !before[line] {
			t.Errorf("new text, not reviewed (go test . -update): %s", line)
		}
	}
	for line := range before {
		if !after[line] {
			t.Errorf("text is gone (go test . -update): %s", line)
		}
	}
}

func lineSet(text string) map[string]bool {
	set := map[string]bool{}
	for line := range strings.Lines(text) {
		set[strings.TrimSuffix(line, "\n")] = true
	}
	return set
}
