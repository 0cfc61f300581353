package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"inceptiongl/shaders"
)

// shape is a file's name: the kernel, its tile if it has one, how it reads, and so on.
var shape = regexp.MustCompile(`^([a-z_]+?)(?:_[0-9]+x[0-9]+.*?)?_(?:ssbo|image|sampler)(?:_|$)`)

// TestEveryVariant: each kernel is there with every way to read, to store, to divide and to end, and with both dispatches of a
// split sum where it has two.
func TestEveryVariant(t *testing.T) {
	all, err := variants()
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string][]string{} // by kernel
	for _, v := range all {
		m := shape.FindStringSubmatch(v.name)
		if m == nil {
			t.Fatalf("%s says no kernel", v.name)
		}
		texts[m[1]] = append(texts[m[1]], v.text)
	}
	for _, k := range shaders.Kernels() {
		want := []string{"LOAD 0", "LOAD 1", "LOAD 2", "WIDE 0", "WIDE 1", "PARTIAL 0"}
		hands := k == shaders.Winograd || k == shaders.NormalizeGroups // what they hand on is the same for every destination
		if !hands {
			want = append(want, "ACT_SIGMOID 3")
		}
		has := func(macro string) bool {
			return slices.ContainsFunc(texts[k.Name], func(s string) bool { return strings.Contains(s, "#define "+macro+"\n") })
		}
		if k.Plain && !hands {
			want = append(want, "ACT_TANH 26")
		}
		if !has("SCALAR 1") && !hands && k != shaders.WinogradIn {
			want = append(want, "ALIGNED 0", "ALIGNED 1")
		}
		if k == shaders.PointwiseTiled || k == shaders.ConvTiled {
			want = append(want, "PARTIAL 1")
		}
		if k == shaders.SplitSum {
			want = append(want, "SPLITS 2", "SPLITS 16")
		}
		for _, macro := range want {
			if !has(macro) {
				t.Errorf("%s: none of %d variants has %s", k, len(texts[k.Name]), macro)
			}
		}
		if !slices.ContainsFunc(texts[k.Name], func(s string) bool { return !strings.Contains(s, "#define ACT_SIGMOID") }) {
			t.Errorf("%s: every variant knows the sigmoid", k)
		}
		delete(texts, k.Name)
	}
	for name := range texts {
		t.Errorf("%q is no kernel", name)
	}
}

// TestActivations: each activation has a program that knows no other.
func TestActivations(t *testing.T) {
	all, err := variants()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range shaders.EveryAct.List() {
		if !slices.ContainsFunc(all, func(v variant) bool { return v.name == "copy_ssbo_"+a.String() }) {
			t.Errorf("no variant knows %v alone", a)
		}
	}
	if n := len(shaders.EveryAct.List()); n < 25 {
		t.Errorf("%d activations are listed", n)
	}
}

func TestFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	var out bytes.Buffer
	if err := run(dir, &out); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 1000 || !strings.HasPrefix(out.String(), fmt.Sprintf("%d shaders in ", len(files))) {
		t.Fatalf("%d files, %v; it printed %q", len(files), err, out.String())
	}
	text, err := os.ReadFile(filepath.Join(dir, "conv_tiled_4x1_ssbo_k3_local_64.comp"))
	if err != nil || !bytes.HasPrefix(text, []byte("#version 430 core\n")) || !bytes.Contains(text, []byte("#define TILE_X 4\n")) || !bytes.Contains(text, []byte("void main() {")) {
		t.Errorf("%v; the file is\n%.300s", err, text)
	}
	if err := run(dir, &out); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("a second run into the same folder: %v", err)
	}
}
