package main

import (
	"fmt"
	"strconv"
	"strings"

	"inceptiongl/cmd/internal/show"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// few is the number of layers up to which a table shows each.
const few = 32

// Report is what a network costs, and the JSON document that --json prints.
type Report struct {
	Network, Input, Output string
	Layers                 []Row
	Modules                []Row // the layers' sums by the first part of their names
	Total                  Row
	LearnedParameters      int64 // Weights + Biases + Norm: what PyTorch's parameters() holds
	PeakElements           int64 // the most activations alive at once, without fusion
	PeakBytes              int64

	every bool // the table shows every layer
}

// Row is what a layer, a module or the whole network costs. Parameters and activations are float32; a parameter that
// layers share is counted in the first.
type Row struct {
	Name, Kind, Output              string
	Weights, Biases                 int64 // of convolutions and fully connected layers
	Norm                            int64 // learned scales and shifts of batch normalisation and of affine layers
	Statistics                      int64 // its running means and variances: not learned
	Constants                       int64
	MACs                            int64 // of convolutions and fully connected layers
	AffineMACs                      int64 // of those two, one for each element
	InputElements                   int64
	OutputElements, ActivationBytes int64   // activations: what comes out
	MovedBytes                      int64   // input, parameters and output, each crossing memory once in every layer
	Intensity                       float64 // arithmetic intensity: 2·MACs / MovedBytes, in FLOP per byte
}

func newReport(g *graph.Graph, in tensor.Shape) (*Report, error) {
	cost, err := graph.Cost(g, in)
	if err != nil {
		return nil, err
	}
	var outs []string
	for _, v := range g.Outputs {
		outs = append(outs, cost.Nodes[v].Out.String())
	}
	r := &Report{
		Network: printable(g.Name), Input: in.String(), Output: strings.Join(outs, ", "),
		Total:             newRow("total", "", "", cost.Total),
		LearnedParameters: cost.Total.Params.Learned(),
		PeakElements:      cost.PeakElements, PeakBytes: graph.BytesPerElement * cost.PeakElements,
	}
	type module struct {
		name, out string
		kinds     []string
		count     graph.Count
	}
	byName := map[string]*module{}
	var modules []*module
	for i, n := range cost.Nodes {
		if i == 0 {
			continue // the input is in the header
		}
		kind := describe(g.Nodes[i].Op)
		r.Layers = append(r.Layers, newRow(n.Name, kind, n.Out.String(), n.Count))
		name := moduleOf(n.Name)
		m := byName[name]
		if m == nil {
			m = &module{name: name}
			byName[name] = m
			modules = append(modules, m)
		}
		m.kinds = append(m.kinds, n.Kind)
		m.out, m.count = n.Out.String(), m.count.Add(n.Count)
	}
	for _, m := range modules {
		r.Modules = append(r.Modules, newRow(m.name, summary(m.kinds), m.out, m.count))
	}
	return r, nil
}

func newRow(name, kind, out string, c graph.Count) Row {
	p := c.Params
	return Row{
		Name: printable(name), Kind: kind, Output: out,
		Weights: p.Weights, Biases: p.Biases, Norm: p.Norm, Statistics: p.Stats, Constants: p.Other,
		MACs: c.MACs, AffineMACs: c.AffineMACs, InputElements: c.In, OutputElements: c.Out, ActivationBytes: graph.BytesPerElement * c.Out,
		MovedBytes: c.Bytes(), Intensity: c.Intensity(),
	}
}

// moduleOf is the first part of a layer's name: "inception3a" of "inception3a.branch1.conv" and of "/inception3a/branch1/Conv". Of a
// list of modules, the number belongs to it: "features.6" of "features.6.branch0.conv".
func moduleOf(name string) string {
	trimmed := strings.TrimLeft(name, "./")
	if trimmed == "" {
		return name
	}
	end := strings.IndexAny(trimmed, "./")
	if end < 0 {
		return trimmed
	}
	number := trimmed[end+1:]
	if i := strings.IndexAny(number, "./"); i >= 0 {
		number = number[:i]
	}
	if _, err := strconv.ParseUint(number, 10, 32); err == nil {
		end += 1 + len(number)
	}
	return trimmed[:end]
}

// describe is an operator's kind with its window: "conv 5×5", "maxpool 3×3/2".
func describe(op graph.Op) string {
	window := func(kernel, stride graph.Pair) string {
		s := fmt.Sprintf("%s %d×%d", op.Kind(), kernel.H, kernel.W)
		switch {
		case stride.H != stride.W:
			s += fmt.Sprintf("/%d×%d", stride.H, stride.W)
		case stride.H != 1:
			s += fmt.Sprintf("/%d", stride.H)
		}
		return s
	}
	switch op := op.(type) {
	case graph.Conv2D:
		op = op.Norm()
		s := window(op.Kernel, op.Stride)
		if op.Groups > 1 {
			s += fmt.Sprintf(", %d groups", op.Groups)
		}
		return s
	case graph.ConvTranspose2D:
		op = op.Norm()
		return window(op.Kernel, op.Stride)
	case graph.Pool2D:
		op = op.Norm()
		return window(op.Kernel, op.Stride)
	}
	return op.Kind()
}

// summary counts what stands out among a module's operators: "6 conv, maxpool".
func summary(kinds []string) string {
	counts := map[string]int{}
	var order []string
	for _, k := range kinds {
		switch k {
		case "relu", "batchnorm", "concat":
			if len(kinds) > 1 {
				continue
			}
		}
		if counts[k] == 0 {
			order = append(order, k)
		}
		counts[k]++
	}
	for i, k := range order {
		if counts[k] > 1 {
			order[i] = fmt.Sprintf("%d %s", counts[k], k)
		}
	}
	return strings.Join(order, ", ")
}

// printable shows a name that comes from a file without the power to change the terminal.
func printable(name string) string {
	for _, r := range name {
		if !strconv.IsPrint(r) {
			return strconv.Quote(name)
		}
	}
	return name
}

// column is a column of a table: how a row shows in it.
type column struct {
	title string
	show  func(Row) string
	count func(Row) int64 // for numbers; show is nil then
}

// write prints the table and, below it, the sums.
func (r *Report) write(p printer) error {
	columns := []column{
		{"", func(r Row) string { return r.Name }, nil},
		{"kind", func(r Row) string { return r.Kind }, nil},
		{"output", func(r Row) string { return r.Output }, nil},
		{"weights", nil, func(r Row) int64 { return r.Weights }},
		{"biases", nil, func(r Row) int64 { return r.Biases }},
		{"scale, shift", nil, func(r Row) int64 { return r.Norm }},
		{"MACs", nil, func(r Row) int64 { return r.MACs }},
		{"activations", nil, func(r Row) int64 { return r.OutputElements }},
		{"bytes", nil, func(r Row) int64 { return r.ActivationBytes }},
		{"FLOP/byte", func(r Row) string { return intensity(r.Intensity) }, nil},
	}
	rows := r.Modules
	columns[0].title = "module"
	if r.every {
		rows = r.Layers
		columns[0].title = "layer"
	}
	rows = append(rows[:len(rows):len(rows)], r.Total)
	var t table
	for _, c := range columns {
		if c.count != nil && c.title == "scale, shift" && c.count(r.Total) == 0 {
			continue
		}
		cells := []string{c.title}
		for _, row := range rows {
			if c.count != nil {
				cells = append(cells, comma(c.count(row), "–"))
			} else {
				cells = append(cells, c.show(row))
			}
		}
		t.addColumn(cells, c.count != nil || c.title == "FLOP/byte")
	}
	p.title(1, fmt.Sprintf("%s: %s → %s", r.Network, r.Input, r.Output))
	p.table(t)
	total := r.Total
	parameters := fmt.Sprintf("%s learned (%s weights, %s biases", comma(r.LearnedParameters, "0"), comma(total.Weights, "0"), comma(total.Biases, "0"))
	if total.Norm > 0 {
		parameters += fmt.Sprintf(", %s scales and shifts", comma(total.Norm, "0"))
	}
	parameters += ")"
	if total.Statistics > 0 {
		parameters += fmt.Sprintf("; beside them %s running means and variances", comma(total.Statistics, "0"))
	}
	if total.Constants > 0 {
		parameters += fmt.Sprintf("; %s constants", comma(total.Constants, "0"))
	}
	macs := comma(total.MACs, "0") + " of convolutions and fully connected layers"
	if total.AffineMACs > 0 {
		macs += fmt.Sprintf("; beside them %s of normalisation, gone once it is folded", comma(total.AffineMACs, "0"))
	}
	p.list([][2]string{
		{"Parameters", parameters},
		{"MACs", macs},
		{"Activations", fmt.Sprintf("%s elements, %s as float32, the outputs of all layers; at most %s alive at once", comma(total.OutputElements, "0"), size(total.ActivationBytes), size(r.PeakBytes))},
		{"Intensity", fmt.Sprintf("%s FLOP/byte if every layer reads and writes memory: 2·MACs over %s", intensity(total.Intensity), size(total.MovedBytes))},
	})
	return p.err()
}

// records are the report as CSV.
func (r *Report) records() [][]string {
	all := [][]string{{"scope", "name", "kind", "output", "weights", "biases", "norm", "statistics", "constants", "macs", "affine_macs",
		"input_elements", "output_elements", "activation_bytes", "moved_bytes", "flop_per_byte"}}
	add := func(scope string, rows ...Row) {
		for _, r := range rows {
			record := []string{scope, r.Name, r.Kind, r.Output}
			for _, v := range []int64{r.Weights, r.Biases, r.Norm, r.Statistics, r.Constants, r.MACs, r.AffineMACs,
				r.InputElements, r.OutputElements, r.ActivationBytes, r.MovedBytes} {
				record = append(record, strconv.FormatInt(v, 10))
			}
			all = append(all, append(record, strconv.FormatFloat(r.Intensity, 'g', -1, 64)))
		}
	}
	add("layer", r.Layers...)
	add("module", r.Modules...)
	add("total", r.Total)
	return all
}

// comma writes a count as 25,138,176; zero is what it says.
func comma(n int64, zero string) string {
	if n == 0 {
		return zero
	}
	return show.Comma(n)
}

func intensity(v float64) string {
	if v == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f", v)
}

func size(bytes int64) string {
	if bytes < 1<<20 {
		return fmt.Sprintf("%.1f KiB", float64(bytes)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
}
