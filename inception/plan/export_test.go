package plan

// PackingOf is memory for PackWeights whose pieces have about n floats.
func PackingOf(n int) *Packing { return &Packing{piece: n} }
