package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"
)

// waiting are the flags of a command that may wait for the end of a saga.
type waiting struct {
	wait    bool
	timeout time.Duration
}

func (w *waiting) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&w.wait, "wait", false, "wait until the saga has ended; the exit code is its end")
	cmd.Flags().DurationVar(&w.timeout, "timeout", 30*time.Minute, "how long to wait")
}

func (c *cli) submit() *cobra.Command {
	var w waiting
	cmd := &cobra.Command{
		Use: "submit FILE|-", Short: "Submit an intent (a CloudEvent in YAML or JSON)", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			raw, err := c.read(args[0])
			if err != nil {
				return err
			}
			event, err := toJSON(raw)
			if err != nil {
				return fmt.Errorf("read %s: %w", args[0], err)
			}
			return c.send(cmd.Context(), event, w)
		},
	}
	w.flags(cmd)
	return cmd
}

// read takes a file, or standard input for "-".
func (c *cli) read(file string) ([]byte, error) {
	if file == "-" {
		b, err := io.ReadAll(c.in)
		if err != nil {
			return nil, fmt.Errorf("read standard input: %w", err)
		}
		return b, nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read intent: %w", err)
	}
	return b, nil
}

// toJSON turns a YAML event into JSON, giving it an id and a source where it has none. JSON goes as it is, so that the
// server judges the very bytes.
func toJSON(raw []byte) ([]byte, error) {
	if json.Valid(raw) {
		return raw, nil
	}
	var event map[string]any
	documents := yaml.NewDecoder(bytes.NewReader(raw))
	if err := documents.Decode(&event); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("neither JSON nor YAML: %w", err)
	}
	if event == nil {
		return raw, nil
	}
	if err := documents.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one YAML document: submit them one by one")
	}
	if _, has := event["id"]; !has {
		event["id"] = uuid.NewString()
	}
	if _, has := event["source"]; !has {
		event["source"] = "/culvert/command-line"
	}
	return json.Marshal(event)
}
