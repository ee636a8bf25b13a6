package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"text/tabwriter"
)

// table gathers rows, each of which holds or misses. Safe for concurrent use.
type table struct {
	header string
	mu     sync.Mutex
	rows   [][]string
	misses []string
}

// row adds a row; a miss is named by its first cells.
func (t *table) row(miss error, cells ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	line := make([]string, 0, len(cells)+1)
	for _, c := range cells {
		line = append(line, fmt.Sprint(c))
	}
	verdict := "ok"
	if miss != nil {
		verdict = "MISS " + strings.ReplaceAll(miss.Error(), "\n", " ")
		t.misses = append(t.misses, strings.Join(line[:min(2, len(line))], " "))
	}
	t.rows = append(t.rows, append(line, verdict))
}

// under adds another table's rows, each below a name.
func (t *table) under(name string, part *table) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range part.rows {
		t.rows = append(t.rows, append([]string{name}, r...))
	}
	for _, m := range part.misses {
		t.misses = append(t.misses, name+" "+m)
	}
}

// print writes the table, and tells what missed.
func (t *table) print() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, strings.ReplaceAll(t.header+" verdict", " ", "\t"))
	for _, r := range t.rows {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Printf("%d rows, %d misses\n", len(t.rows), len(t.misses))
	if len(t.misses) > 0 {
		return fmt.Errorf("%d of %d rows miss: %s", len(t.misses), len(t.rows), strings.Join(t.misses, ", "))
	}
	return nil
}

// need makes an error of a condition that does not hold.
func need(holds bool, format string, args ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(format, args...)
}
