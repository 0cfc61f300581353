package onnx_test

import "testing"

// wantedReductions is the number of cases in testdata/reduce.
const wantedReductions = 51

// TestReductions runs ONNX's tests of reductions and normalizations.
func TestReductions(t *testing.T) {
	rows, files := nodeRows(t, "reduce")
	eachBackend(t, func(t *testing.T, r run) {
		all := 0
		for _, row := range rows {
			for _, name := range row.cases {
				all++
				t.Run(row.what+"/"+name, func(t *testing.T) { nodeCase(t, files, row.folder, name, r) })
			}
		}
		if all != wantedReductions {
			t.Errorf("%d cases ran, want %d", all, wantedReductions)
		}
	})
}
