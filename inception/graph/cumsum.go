package graph

// CumSum is the sum of what stands before each channel and, without Exclusive, of its own: torch.cumsum(dim=1). With Reverse it is what stands
// behind it.
type CumSum struct {
	elementwise
	Exclusive, Reverse bool
}

// Kind is "cumsum".
func (CumSum) Kind() string { return "cumsum" }
