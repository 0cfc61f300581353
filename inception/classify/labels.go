package classify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"inceptiongl/inception/files"
	"inceptiongl/inception/internal/strictjson"
)

// LoadLabels is ReadLabels for a file.
func LoadLabels(path string) ([]string, error) {
	f, err := files.Open(path)
	if err != nil {
		return nil, fmt.Errorf("labels: %w", err)
	}
	defer f.Close()
	return readLabels(f, path+": ")
}

// LoadLabelsFS is LoadLabels for a file of a file system.
func LoadLabelsFS(fsys fs.FS, name string) ([]string, error) {
	f, err := files.OpenFS(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("labels: %w", err)
	}
	defer f.Close()
	return readLabels(f, name+": ")
}

// ReadLabels reads the names of classes: one label a line, a JSON list, or a JSON object from "0", "1" … to a label. In JSON a
// label may be a list such as ["n01440764", "tench"]: its last element is the name.
func ReadLabels(r io.Reader) ([]string, error) { return readLabels(r, "") }

func readLabels(r io.Reader, name string) ([]string, error) {
	const most = 16 << 20 // bytes
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && len(data) > most {
		err = fmt.Errorf("longer than %d MiB: not a list of labels", most>>20)
	}
	var labels []string
	if err == nil {
		labels, err = parseLabels(data)
	}
	if err != nil {
		return nil, fmt.Errorf("labels: %s%w", name, err)
	}
	return labels, nil
}

func parseLabels(data []byte) ([]string, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	text := bytes.TrimSpace(data)
	if len(text) == 0 || string(text) == "null" {
		return nil, errors.New("no labels")
	}
	if !utf8.Valid(text) {
		return nil, errors.New("not UTF-8")
	}
	if text[0] == '[' || text[0] == '{' {
		if err := strictjson.Check(text); err != nil {
			return nil, err
		}
	}
	switch {
	case text[0] == '[':
		var list []label
		if err := json.Unmarshal(text, &list); err != nil {
			return nil, err
		}
		if len(list) == 0 {
			return nil, errors.New("no labels")
		}
		return names(list), nil
	case text[0] == '{':
		var byIndex map[string]label
		if err := json.Unmarshal(text, &byIndex); err != nil {
			return nil, err
		}
		if len(byIndex) == 0 {
			return nil, errors.New("no labels")
		}
		list := make([]label, len(byIndex))
		for i := range list {
			l, ok := byIndex[strconv.Itoa(i)]
			if !ok {
				return nil, fmt.Errorf("%d labels, but none for class %d", len(list), i)
			}
			list[i] = l
		}
		return names(list), nil
	}
	var lines []label
	for l := range strings.SplitSeq(strings.TrimRight(string(data), "\r\n"), "\n") {
		lines = append(lines, label(strings.TrimSpace(l)))
	}
	return names(lines), nil
}

// label is a name in JSON, or a list that ends with one.
type label string

// UnmarshalJSON takes "tench" and ["n01440764", "tench"].
func (l *label) UnmarshalJSON(data []byte) error {
	var s *string // null is none
	if json.Unmarshal(data, &s) == nil && s != nil {
		*l = label(*s)
		return nil
	}
	var list []*string
	if err := json.Unmarshal(data, &list); err != nil || len(list) == 0 || slices.Contains(list, nil) {
		return fmt.Errorf("a label must be a string, or a list of them")
	}
	*l = label(*list[len(list)-1])
	return nil
}

// names are the labels as text that a terminal may show.
func names(list []label) []string {
	all := make([]string, len(list))
	for i, l := range list {
		all[i] = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return unicode.ReplacementChar
			}
			return r
		}, string(l))
	}
	return all
}
