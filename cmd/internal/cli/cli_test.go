package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// field and the functions after it write an ONNX file.
func field(number protowire.Number, parts ...[]byte) []byte {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), all)
}

func text(number protowire.Number, s string) []byte { return field(number, []byte(s)) }

func number(at protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, at, protowire.VarintType), v)
}

// node is an operator; info declares a tensor of 1×3×4×4 floats.
func node(op, out string, in ...string) []byte {
	var all []byte
	for _, name := range in {
		all = append(all, text(1, name)...)
	}
	return field(1, all, text(2, out), text(4, op))
}

func info(at protowire.Number, name string) []byte {
	var dims []byte
	for _, d := range []uint64{1, 3, 4, 4} {
		dims = append(dims, field(1, number(1, d))...)
	}
	return field(at, text(1, name), field(2, field(1, number(1, 1), field(2, dims))))
}

func model(t *testing.T, graph ...[]byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.onnx")
	data := append(append(number(1, 8), field(7, graph...)...), field(8, number(2, 13))...)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestLoadWords: what can't be loaded is told without the library's words, which no flag sets.
func TestLoadWords(t *testing.T) {
	for name, c := range map[string]struct{ path, want string }{
		"two inputs": {model(t, node("Add", "y", "x", "z"), info(11, "x"), info(11, "z"), info(12, "y")), "This program takes models of one input"},
		"an operator behind the host's": {model(t, node("ArgMax", "i", "x"), node("Softmax", "y", "i"), info(11, "x"), info(12, "y")),
			"export the network up to that node"},
	} {
		_, err := SourceFlags{}.Load(t.Context(), c.path, "--model")
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "Options") {
			t.Errorf("%s: %v; want %q", name, err, c.want)
		}
	}
}

// TestPrintable: a name that a terminal can't show as it is stands in quotes, so that what is shown is as wide as was counted.
func TestPrintable(t *testing.T) {
	for name, want := range map[string]string{
		"a b.png": "a b.png", "数.png": "数.png", "\x1b[2J.png": `"\x1b[2J.png"`, "bad\xffname.png": `"bad\xffname.png"`, "\ufffd.png": "\ufffd.png",
	} {
		if got := Printable(name); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}
