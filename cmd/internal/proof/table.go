package proof

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"text/tabwriter"
)

// Table gathers rows, each of which holds or misses. Safe for concurrent use.
type Table struct {
	Header string
	mu     sync.Mutex
	Rows   [][]string
	Misses []string
}

// Row adds a row; a miss is named by its first cells.
func (t *Table) Row(miss error, cells ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	line := make([]string, 0, len(cells)+1)
	for _, c := range cells {
		line = append(line, fmt.Sprint(c))
	}
	verdict := "ok"
	if miss != nil {
		verdict = "MISS " + strings.ReplaceAll(miss.Error(), "\n", " ")
		t.Misses = append(t.Misses, strings.Join(line[:min(2, len(line))], " "))
	}
	t.Rows = append(t.Rows, append(line, verdict))
}

// Under adds another table's rows, each below a name.
func (t *Table) Under(name string, part *Table) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range part.Rows {
		t.Rows = append(t.Rows, append([]string{name}, r...))
	}
	for _, m := range part.Misses {
		t.Misses = append(t.Misses, name+" "+m)
	}
}

// Print writes the table, and tells what missed.
func (t *Table) Print() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, strings.ReplaceAll(t.Header+" verdict", " ", "\t"))
	for _, r := range t.Rows {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Printf("%d rows, %d misses\n", len(t.Rows), len(t.Misses))
	if len(t.Misses) > 0 {
		return fmt.Errorf("%d of %d rows miss: %s", len(t.Misses), len(t.Rows), strings.Join(t.Misses, ", "))
	}
	return nil
}

// Need makes an error of a condition that does not hold.
func Need(holds bool, format string, args ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(format, args...)
}
