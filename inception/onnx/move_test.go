package onnx_test

import "testing"

// wantedMoves is the number of cases in testdata/moves.
const wantedMoves = 64

// TestMoves runs ONNX's tests of what moves elements, and models of several such nodes, where NaN and infinity must stay in their places.
func TestMoves(t *testing.T) {
	rows, files := nodeRows(t, "moves")
	eachBackend(t, func(t *testing.T, r run) {
		all := 0
		for _, row := range rows {
			for _, name := range row.cases {
				all++
				t.Run(row.what+"/"+name, func(t *testing.T) { nodeCase(t, files, row.folder, name, r) })
			}
		}
		if all != wantedMoves {
			t.Errorf("%d cases ran, want %d", all, wantedMoves)
		}
	})
}
