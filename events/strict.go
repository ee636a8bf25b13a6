package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// DecodeStrict reads exactly one JSON value into v, which is a pointer. A field that v does not have and anything after
// the value are errors. It is for what our own programs have written; what people and publishers write is read by
// package intake, which refuses more.
func DecodeStrict(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	return EndOfJSON(d)
}

// EndOfJSON is an error when something other than white space follows the value that d has read.
func EndOfJSON(d *json.Decoder) error {
	_, err := d.Token()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return fmt.Errorf("trailing data after the JSON value: %w", err)
	}
	return errors.New("trailing data after the JSON value")
}
