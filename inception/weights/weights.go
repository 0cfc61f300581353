// Package weights reads and writes weights and tensors, from files, file systems and streams: .safetensors, PyTorch's .pth,
// NumPy's .npy. Apply puts weights into a graph. What is read is checked against its own size before anything of a size it claims
// is allocated.
package weights

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/tensor"
)

// maxListed bounds the offenders that an error lists.
const maxListed = 8

// Apply takes the graph's parameters from m, which names them as PyTorch's state_dict does, into g.Weights; a name may have
// the prefix "module.". Every parameter must be there, finite and with its dimensions, but for 1s at their end: a fully
// connected layer is a 1×1 convolution here. Else the error lists the offenders and g is unchanged. Further names in m are left
// alone: Unused lists them. The arrays are shared, not copied: neither m's nor the graph's may be changed in place afterwards. The constants of TransformInput, which no file has, stay as the graph's builder set them.
func Apply(g *graph.Graph, m map[string]tensor.Array) error {
	if err := g.Check(); err != nil {
		return fmt.Errorf("weights: %w", err)
	}
	found := map[string]tensor.Array{}
	var offenders []string
	for _, n := range g.Nodes {
		for _, p := range n.Op.Params() { // not g.Params(): nodes that share a name may disagree on its dimensions
			a, ok := m[key(m, p)]
			if !ok && strings.HasPrefix(p.Name, "transform_input.") {
				a, ok = g.Weights[p.Name]
			}
			err := fits(a, p.Dims)
			if !ok {
				err = fmt.Errorf("%v is missing", p.Dims)
			}
			if err != nil {
				offenders = append(offenders, fmt.Sprintf("%q %v", p.Name, err))
				continue
			}
			found[p.Name] = tensor.Array{Dims: slices.Clone(p.Dims), Data: a.Data}
		}
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
	used := map[string]bool{}
	for _, p := range g.Params() {
		used[key(m, p)] = true
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

// key is the name that p has in m: its own, or the one that torch.nn.DataParallel makes of it.
func key(m map[string]tensor.Array, p graph.Param) string {
	if _, ok := m[p.Name]; ok {
		return p.Name
	}
	return "module." + p.Name
}

// fits reports how a is not a finite array of dims, 1s at their end aside.
func fits(a tensor.Array, dims []int) error {
	short := dims[:min(len(a.Dims), len(dims))]
	if !slices.Equal(a.Dims, short) || slices.ContainsFunc(dims[len(short):], func(d int) bool { return d != 1 }) {
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
