package wiretest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Words lists the string constants of some types of the package in a folder, one "<type> <value>" for each, sorted.
func Words(t *testing.T, folder string, types ...string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, wordsOf(file, types)...)
	}
	slices.Sort(all)
	return all
}

func wordsOf(file *ast.File, types []string) []string {
	var all []string
	for _, d := range file.Decls {
		constants, ok := d.(*ast.GenDecl)
		if !ok || constants.Tok != token.CONST {
			continue
		}
		for _, spec := range constants.Specs {
			if value, ok := spec.(*ast.ValueSpec); ok {
				all = append(all, wordsIn(value, types)...)
			}
		}
	}
	return all
}

// wordsIn are the words of one line of constants, when it has one of the types.
func wordsIn(value *ast.ValueSpec, types []string) (all []string) {
	name, ok := value.Type.(*ast.Ident)
	if !ok || !slices.Contains(types, name.Name) {
		return nil
	}
	for _, v := range value.Values {
		if literal, ok := v.(*ast.BasicLit); ok {
			if word, err := strconv.Unquote(literal.Value); err == nil {
				all = append(all, name.Name+" "+word)
			}
		}
	}
	return all
}
