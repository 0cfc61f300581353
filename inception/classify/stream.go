package classify

import (
	"context"
	"fmt"
	"image"
	"iter"

	"inceptiongl/inception/tensor"
)

// Picture is a picture that is loaded when its turn comes, so that any number of them can wait.
type Picture struct {
	Name string // for errors; may be empty
	Load func() (image.Image, error)
}

// Result is what became of one picture.
type Result struct {
	Index   int              // the picture's place among those given
	Err     error            // it can't be used: the rest is empty
	Classes []Class          // the likeliest first
	Softmax bool             // made the probabilities; else the network's output is that already
	Values  []*tensor.Tensor // those of Options.Values, 1×C×H×W each
	Fitted  *image.RGBA      // with Options.Fitted: what the network saw
}

// Each classifies pictures a batch at a time, and gives the results as they come: those that can't be used at once, the others
// with their batch. While one batch is computed, the next pictures are loaded, a few at a time. An error of the device or of
// ctx comes last, with an empty Result.
func (c *Classifier) Each(ctx context.Context, pictures []Picture) iter.Seq2[Result, error] {
	return func(yield func(Result, error) bool) {
		x := tensor.New(c.in)
		var batch []*item
		flush := func() bool {
			results, err := c.compute(ctx, x, batch)
			if err != nil {
				yield(Result{}, fmt.Errorf("classify: %w", err))
				return false
			}
			for _, r := range results {
				if !yield(r, nil) {
					return false
				}
			}
			batch = batch[:0]
			return true
		}
		for it := range c.prepare(ctx, pictures) {
			if ctx.Err() != nil {
				break
			}
			if it.err != nil {
				if !yield(Result{Index: it.index, Err: it.err}, nil) {
					return
				}
				continue
			}
			if batch = append(batch, it); len(batch) == c.in.N && !flush() {
				return
			}
		}
		if ctx.Err() != nil {
			yield(Result{}, fmt.Errorf("classify: %w", context.Cause(ctx)))
		} else if len(batch) > 0 {
			flush()
		}
	}
}

// item is a picture on its way.
type item struct {
	index  int
	name   string
	data   []float32   // the network's input
	fitted *image.RGBA // where it is wanted
	err    error
}

// prepare yields the pictures in order. While the caller works on one, the next few are loaded and scaled.
func (c *Classifier) prepare(ctx context.Context, pictures []Picture) iter.Seq[*item] {
	return func(yield func(*item) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		queue := make(chan chan *item, cap(c.slots))
		go func() {
			defer close(queue)
			for i, p := range pictures {
				done := make(chan *item, 1)
				select {
				case queue <- done:
				case <-ctx.Done():
					return
				}
				go func() { done <- c.prepareOne(ctx, i, p) }()
			}
		}()
		for done := range queue {
			select {
			case it := <-done:
				if !yield(it) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

func (c *Classifier) prepareOne(ctx context.Context, index int, p Picture) *item {
	it := &item{index: index, name: p.Name}
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		it.err = context.Cause(ctx)
		return it
	}
	m, err := p.Load()
	if err != nil {
		it.err = err // names the file
		return it
	}
	fitted, err := c.preset.Fit(m)
	if err != nil {
		it.err = named(p.Name, err)
		return it
	}
	it.data = make([]float32, c.preset.Len())
	c.preset.Fill(it.data, fitted)
	if c.o.Fitted {
		it.fitted = fitted
	}
	return it
}

func named(name string, err error) error {
	if name == "" {
		return err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// compute runs the network on a batch, which the last picture fills up where there are too few, and deals out the answers.
func (c *Classifier) compute(ctx context.Context, x *tensor.Tensor, batch []*item) ([]Result, error) {
	each := c.preset.Len()
	for i := range c.in.N {
		copy(x.Data[i*each:], batch[min(i, len(batch)-1)].data)
	}
	ys, err := c.runner.RunAll(ctx, x)
	if err != nil {
		return nil, err
	}
	results := make([]Result, len(batch))
	for i, it := range batch {
		results[i] = c.result(it, i, ys)
	}
	return results, nil
}

// result is the answer for image i of a batch.
func (c *Classifier) result(it *item, i int, ys []*tensor.Tensor) Result {
	r := Result{Index: it.index, Fitted: it.fitted}
	for _, y := range ys {
		if one := row(y, i); tensor.FirstNonFinite(one.Data) >= 0 {
			err := fmt.Errorf("the network gives %v", one.Data[tensor.FirstNonFinite(one.Data)])
			return Result{Index: it.index, Err: named(it.name, err)}
		}
	}
	if c.output >= 0 {
		r.Classes, r.Softmax = rank(row(ys[c.output], i).Data, c.labels, c.o.Top, c.o.Softmax)
	}
	for _, k := range c.values {
		r.Values = append(r.Values, row(ys[k], i))
	}
	return r
}

// row is image i of a value.
func row(y *tensor.Tensor, i int) *tensor.Tensor {
	n := y.C * y.H * y.W
	return &tensor.Tensor{Shape: tensor.Shape{N: 1, C: y.C, H: y.H, W: y.W}, Data: y.Data[i*n : (i+1)*n : (i+1)*n]}
}
