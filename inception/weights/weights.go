// Package weights reads and writes weights and tensors: safetensors files and NumPy's .npy. Files are checked against
// their own size before anything of a size they claim is allocated.
package weights

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// dataParallel is the prefix that torch.nn.DataParallel puts before every name.
const dataParallel = "module."

// maxListed bounds the offenders that an error lists.
const maxListed = 8

// Apply copies the graph's parameters from m, which names them as PyTorch's state_dict does, into g.Weights. A prefix
// "module." that all of m's names share is ignored. Every parameter must be there, with its dimensions and finite; else
// the error lists the offenders and g is unchanged. Further names in m are left alone: Unused lists them.
func Apply(g *graph.Graph, m map[string]tensor.Array) error {
	if err := g.Check(); err != nil {
		return fmt.Errorf("weights: %w", err)
	}
	prefix := commonPrefix(m)
	found := map[string]tensor.Array{}
	var offenders []string
	for _, p := range g.Params() {
		a, ok := m[prefix+p.Name]
		if !ok {
			offenders = append(offenders, fmt.Sprintf("%q %v is missing", p.Name, p.Dims))
			continue
		}
		if err := fits(a, p.Dims); err != nil {
			offenders = append(offenders, fmt.Sprintf("%q %v", p.Name, err))
			continue
		}
		found[p.Name] = tensor.Array{Dims: slices.Clone(a.Dims), Data: slices.Clone(a.Data)}
	}
	if len(offenders) > 0 {
		return fmt.Errorf("weights: graph %s: %d of %d parameters don't fit, are these weights for another network? %s",
			g.Name, len(offenders), len(g.Params()), list(offenders))
	}
	if g.Weights == nil {
		g.Weights = map[string]tensor.Array{}
	}
	maps.Copy(g.Weights, found)
	return nil
}

// Unused lists, sorted, the names in m that no parameter of g reads.
func Unused(g *graph.Graph, m map[string]tensor.Array) []string {
	prefix := commonPrefix(m)
	used := map[string]bool{}
	for _, p := range g.Params() {
		used[prefix+p.Name] = true
	}
	var unused []string
	for name := range m {
		if !used[name] {
			unused = append(unused, name)
		}
	}
	slices.Sort(unused)
	return unused
}

// commonPrefix is dataParallel if every name in m starts with it, else "".
func commonPrefix(m map[string]tensor.Array) string {
	for name := range m {
		if !strings.HasPrefix(name, dataParallel) {
			return ""
		}
	}
	return dataParallel
}

// fits reports how a is not a finite array of dims.
func fits(a tensor.Array, dims []int) error {
	if !slices.Equal(a.Dims, dims) {
		return fmt.Errorf("has dimensions %v, needs %v", a.Dims, dims)
	}
	if n, err := count(a.Dims); err != nil || n != len(a.Data) {
		return fmt.Errorf("of dimensions %v holds %d elements", a.Dims, len(a.Data))
	}
	if i := tensor.FirstNonFinite(a.Data); i >= 0 {
		return fmt.Errorf("is not finite at element %d: %v", i, a.Data[i])
	}
	return nil
}

// count is the product of dims: 1 for none. It must be in 0…tensor.MaxElements.
func count(dims []int) (int, error) {
	n := 1
	for _, d := range dims {
		if d < 0 || d > tensor.MaxElements || d > 0 && n > tensor.MaxElements/d {
			return 0, fmt.Errorf("dimensions %v are out of range: at most %d elements", dims, tensor.MaxElements)
		}
		n *= d
	}
	return n, nil
}

// list joins the first few of items.
func list(items []string) string {
	more := ""
	if n := len(items) - maxListed; n > 0 {
		items, more = items[:maxListed], fmt.Sprintf("; and %d more", n)
	}
	return strings.Join(items, "; ") + more
}
