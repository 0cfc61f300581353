package classify

import (
	"slices"
	"testing"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/images"
)

// TestMetadata: what Ultralytics' exporter writes beside a network decides how pictures become its input.
func TestMetadata(t *testing.T) {
	yolo := metadata{"author": "Ultralytics", "imgsz": "[96, 160]"}
	for name, c := range map[string]struct {
		meta metadata
		size images.Size
		want string
		out  images.Size
	}{
		"of one size":       {yolo, images.Square(64), "unit, fitted to the model: shorter side scaled to 64; centre crop 64×64; RGB; levels/255; mean 0; std 1", images.Square(64)},
		"of any":            {yolo, images.Size{}, "unit, fitted to the model: shorter side scaled to 160; centre crop 96×160; RGB; levels/255; mean 0; std 1", images.Size{H: 96, W: 160}},
		"of a size that no": {metadata{"author": "Ultralytics", "imgsz": "[0, -1]"}, images.Size{}, "unit: shorter side scaled to 224; centre crop 224×224; RGB; levels/255; mean 0; std 1", images.Square(224)},
	} {
		g, x := graph.New("g", 3)
		g.Outputs = []graph.Value{g.Add("relu", graph.ReLU{}, x)}
		p, reason, err := assume(g, 3, c.size, c.meta)
		if err != nil || p.String() != c.want || p.Output() != c.out || reason == "" {
			t.Errorf("%s: %v, %q, %v", name, p, reason, err)
		}
	}
	for text, want := range map[string][]string{
		`{0: 'cat', 1: "cat's"}`:     {"cat", "cat's"},
		`{1: 'b', 0: 'a\'\\"\n'} `:   {"a'\\\"\\n", "b"},
		"{0: '\x1b[1m', 1: 'a, 2:'}": {"\ufffd[1m", "a, 2:"},
		`{0: 'a', 2: 'b'}`:           nil,
		`{0: 'a', 0: 'b'}`:           nil,
		`{0: 'a', 1: 'b`:             nil,
		`{0: 'a', 1: b}`:             nil,
		`{0: 'a' 1: 'b'}`:            nil,
		`{0: 'a', `:                  nil,
		`{}`:                         nil,
		`{`:                          nil,
		"{0: '\xff', 1: 'b'}":        nil,
		`{0: 'one'}`:                 nil,
	} {
		if got := (metadata{"names": text}).labels(2); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	if got := (metadata{"character": "0\n90\n180\n270\n"}).labels(4); !slices.Equal(got, []string{"0", "90", "180", "270"}) {
		t.Errorf("%q", got)
	}
	if got := (metadata{}).labels(1); got != nil {
		t.Errorf("no metadata: %q", got)
	}
}
