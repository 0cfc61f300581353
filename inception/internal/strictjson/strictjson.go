// Package strictjson refuses what encoding/json lets pass in JSON from strangers: of two keys that are the same it takes the last, where
// another program takes the first; and of text that isn't UTF-8 it makes something else.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// Check reports a text that isn't one JSON value in UTF-8, or has an object with two keys that are the same.
func Check(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := value(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one JSON value")
	}
	return nil
}

// maxDepth bounds how deep values are nested.
const maxDepth = 100

func value(d *json.Decoder, depth int) error {
	t, err := d.Token()
	if err != nil {
		return short(err)
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	if depth == maxDepth {
		return fmt.Errorf("JSON nested deeper than %d", maxDepth)
	}
	keys := map[string]bool{}
	for d.More() {
		if delim == '{' {
			t, err := d.Token()
			if err != nil {
				return short(err)
			}
			key := t.(string) // of an object
			if keys[key] {
				return fmt.Errorf("key %.100q is given twice", key)
			}
			keys[key] = true
		}
		if err := value(d, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return short(err)
}

// short names the end of the text for what it is here.
func short(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
