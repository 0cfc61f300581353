//go:build !windows

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"inceptiongl/cpuref"
	"inceptiongl/gpu/gputest"
	"inceptiongl/inception/weights"
)

const fakePython = `#!/bin/sh
case $1 in
*onnxruntime*) echo '{"missing": "No module"}'; exit ;;
esac
test -s "$2/network.json" && test -s "$2/weights.safetensors" && test -s "$2/input.npy" || { echo files are missing >&2; exit 1; }
cp "$ANSWER" "$1.npy" || exit
echo '{"version": "9.9"}'
while read -r line; do echo '{"seconds": 0.5}'; done
`

func TestPeers(t *testing.T) {
	gputest.Need(t)
	gputest.Case()
	dir := t.TempDir()
	f := small()
	f.Peers, f.JSON, f.Python = true, true, filepath.Join(dir, "python")
	if err := os.WriteFile(f.Python, []byte(fakePython), 0o700); err != nil {
		t.Fatal(err)
	}
	c, err := newCase(f)
	if err != nil {
		t.Fatal(err)
	}
	y, err := cpuref.Run(context.Background(), c.graph, c.input)
	if err != nil {
		t.Fatal(err)
	}
	answer := filepath.Join(dir, "answer.npy")
	t.Setenv("ANSWER", answer)
	peers := func(data []float32) []PeerReport {
		t.Helper()
		if err := weights.WriteNpy(answer, []int{len(data)}, data); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := bench(context.Background(), f, &out, new(bytes.Buffer)); err != nil {
			t.Fatal(err)
		}
		var r Report
		if err := json.Unmarshal(out.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		if len(r.Peers) != 5 || r.Peers[0].Ratio != 1 || r.Peers[0].RelL2 > 1e-6 || r.Peers[0].Time == nil {
			t.Fatalf("%+v", r.Peers)
		}
		return r.Peers
	}

	p := peers(y.Data)
	if p[1].Missing != "not installed: No module" || p[1].Time != nil {
		t.Errorf("a peer that is missing: %+v", p[1])
	}
	if p[2].Version != "9.9" || p[2].Time.Median != 0.5 || p[2].Time.Runs != 2 || p[2].Ratio <= 1 || p[2].RelL2 != 0 || p[2].Wrong {
		t.Errorf("a peer that runs: %+v", p[2])
	}
	var text bytes.Buffer
	newTextPrinter(&text).peers(&Report{Peers: p})
	if got := text.String(); !strings.Contains(got, "No module") || !strings.Contains(got, "9.9") || strings.Contains(got, "WRONG") {
		t.Errorf("the table:\n%s", got)
	}
	var lines bytes.Buffer
	if err := (&benchPrinter{&lines}).finish(&Report{Whole: &WholeReport{}, Compile: &CompileReport{}, Peers: p}); err != nil {
		t.Fatal(err)
	}
	if got := lines.String(); !strings.Contains(got, "peer=PyTorch_eager,_CPU") || strings.Contains(got, "peer=ONNX") {
		t.Errorf("benchfmt:\n%s", got)
	}

	y.Data[0] += 1
	if p := peers(y.Data); !p[2].Wrong || p[2].RelL2 < maxRelL2 {
		t.Errorf("a wrong answer: %+v", p[2])
	}
	if p := peers(y.Data[1:]); !strings.Contains(p[2].Missing, "elements") {
		t.Errorf("an answer of another size: %+v", p[2])
	}
	y.Data[0] = float32(math.NaN())
	if p := peers(y.Data); !strings.Contains(p[2].Missing, "finite") {
		t.Errorf("NaN: %+v", p[2])
	}
	t.Setenv("ANSWER", filepath.Join(dir, "none"))
	if p := peers(y.Data); !strings.Contains(p[2].Missing, "the script ended: ") {
		t.Errorf("a script that ends: %+v", p[2])
	}
	f.Python = filepath.Join(dir, "no python")
	if p := peers(y.Data); p[1].Missing == "" || p[2].Missing == "" {
		t.Errorf("no Python: %+v", p)
	}
}
