package classify

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"iter"
	"sync"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/images"
	"inceptiongl/inception/tensor"
)

// Picture is a picture that is loaded when its turn comes, so that any number of them can wait.
type Picture struct {
	Name string // for errors; may be empty
	// Load gives the picture. Its memory isn't counted.
	Load func() (image.Image, error)
	// Decode, in place of Load, gives it by way of the classifier's decoder, within a budget of memory, and what ends its counting.
	Decode func(context.Context, *images.Decoder) (m image.Image, release func(), err error)
	// Measure, which goes with Decode, tells the picture's size without decoding it.
	Measure func(context.Context, *images.Decoder) (images.Size, error)
}

// PictureFile is the picture in a file.
func PictureFile(path string) Picture {
	return Picture{
		Name:    path,
		Decode:  func(ctx context.Context, d *images.Decoder) (image.Image, func(), error) { return d.Load(ctx, path) },
		Measure: func(ctx context.Context, d *images.Decoder) (images.Size, error) { return d.Measure(ctx, path) },
	}
}

// PictureFS is the picture in a file of a file system.
func PictureFS(fsys fs.FS, name string) Picture {
	return Picture{
		Name: name,
		Decode: func(ctx context.Context, d *images.Decoder) (image.Image, func(), error) {
			return d.LoadFS(ctx, fsys, name)
		},
		Measure: func(ctx context.Context, d *images.Decoder) (images.Size, error) { return d.MeasureFS(ctx, fsys, name) },
	}
}

// PictureEncoded is the picture that the content of a JPEG, PNG, WebP, GIF or BMP file is.
func PictureEncoded(name string, data []byte) Picture {
	return Picture{
		Name: name,
		Decode: func(ctx context.Context, d *images.Decoder) (image.Image, func(), error) {
			m, release, err := d.Decode(ctx, data)
			return m, release, named(name, err)
		},
		Measure: func(_ context.Context, d *images.Decoder) (images.Size, error) {
			s, err := d.MeasureEncoded(data)
			return s, named(name, err)
		},
	}
}

// Image gives the picture either way, and what to call once when it isn't needed any more.
func (p Picture) Image(ctx context.Context, d *images.Decoder) (m image.Image, release func(), err error) {
	if p.Decode != nil {
		return p.Decode(ctx, d)
	}
	m, err = p.Load()
	return m, func() {}, err
}

// Size is the picture's own, upright.
func (p Picture) Size(ctx context.Context, d *images.Decoder) (images.Size, error) {
	if p.Measure != nil {
		return p.Measure(ctx, d)
	}
	m, release, err := p.Image(ctx, d)
	if err != nil {
		return images.Size{}, err
	}
	defer release()
	s := m.Bounds().Size()
	return images.Size{H: s.Y, W: s.X}, nil
}

// Result is what became of one picture.
type Result struct {
	Index   int              // the picture's place among those given
	Err     error            // it can't be used: the rest is empty
	Classes []Class          // the likeliest first
	Softmax bool             // made the probabilities; else the network's output is that already
	Values  []*tensor.Tensor // those of Options.Values, 1×C×H×W each; of another N, where a run has one picture and the network makes that of it
	Fitted  *image.RGBA      // with Options.Fitted: what the network saw
}

// Each classifies pictures a batch at a time, and gives the results as they come: those that can't be used at once, the others
// with their batch. While one batch is computed, the next waits ready, and pictures behind it are loaded, a few at a time. An error of
// the device or of ctx comes last, with an empty Result.
func (c *Classifier) Each(ctx context.Context, pictures []Picture) iter.Seq2[Result, error] {
	return func(yield func(Result, error) bool) {
		inner, cancel := context.WithCancel(ctx)
		answers := c.run(inner, pictures)
		defer func() { // no run goes on after the loop
			cancel()
			for a := range answers {
				<-a.done
			}
		}()
		for a := range answers {
			<-a.done
			if ctx.Err() != nil {
				break
			}
			if a.err != nil {
				yield(Result{}, fmt.Errorf("classify: %w", a.err))
				return
			}
			for _, r := range a.results {
				if !yield(r, nil) {
					return
				}
			}
		}
		if ctx.Err() != nil {
			yield(Result{}, fmt.Errorf("classify: %w", context.Cause(ctx)))
		}
	}
}

// answer is a batch's, or that of a picture which can't be used. What it holds may be read once done is closed.
type answer struct {
	done    chan struct{}
	results []Result
	err     error
}

// item is a picture on its way.
type item struct {
	index  int
	name   string
	data   []float32   // the network's input
	fitted *image.RGBA // where it is wanted
	err    error
}

// inFlight is how many batches of one call are on their way at once: the device has one while another's numbers are converted to
// its layout, or back.
const inFlight = 2

// run starts the runs of all batches, and gives their answers in order. After ctx ends there may be fewer. Whoever calls it must
// read to the end.
func (c *Classifier) run(ctx context.Context, pictures []Picture) <-chan *answer {
	answers := make(chan *answer, inFlight)
	turns := make(chan struct{}, inFlight)
	var batch []*item
	start := func() {
		a, items := &answer{done: make(chan struct{})}, batch
		batch = nil
		x := c.input(items) // while others are computed
		turns <- struct{}{}
		answers <- a
		go func() {
			a.results, a.err = c.compute(ctx, x, items)
			<-turns
			close(a.done)
		}()
	}
	go func() {
		defer close(answers)
		for it := range c.prepare(ctx, pictures) {
			if it.err != nil {
				a := &answer{done: make(chan struct{}), results: []Result{{Index: it.index, Err: it.err}}}
				close(a.done)
				answers <- a
			} else if batch = append(batch, it); len(batch) == c.in.N {
				start()
			}
		}
		if len(batch) > 0 && ctx.Err() == nil {
			start()
		}
	}()
	return answers
}

// prepare yields the pictures in order. While the caller works on one, the next are loaded and scaled.
func (c *Classifier) prepare(ctx context.Context, pictures []Picture) iter.Seq[*item] {
	return func(yield func(*item) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		queue, end := c.ahead.take(pictures)
		if queue == nil {
			queue = c.load(ctx, pictures)
		}
		defer end()
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

// load begins to load and scale the pictures: a few at once, as slots has room, and as many in all as a batch takes.
func (c *Classifier) load(ctx context.Context, pictures []Picture) <-chan chan *item {
	queue := make(chan chan *item, max(cap(c.slots), c.in.N))
	go func() {
		defer close(queue)
		for i, p := range pictures {
			done := make(chan *item, 1)
			select { // first a place, then a slot: nobody holds a slot while its caller is slow
			case queue <- done:
			case <-ctx.Done():
				return
			}
			select { // here, so that the earlier picture has the earlier slot
			case c.slots <- struct{}{}:
			case <-ctx.Done():
				return
			}
			go func() {
				defer func() { <-c.slots }()
				done <- c.prepareOne(ctx, i, p)
			}()
		}
	}()
	return queue
}

// ahead are pictures that are loaded before they are asked for.
type ahead struct {
	mu       sync.Mutex
	pictures []Picture
	queue    <-chan chan *item // nil once it is taken
	end      func()
}

// loadAhead begins with the pictures that Each is going to have.
func (c *Classifier) loadAhead(pictures []Picture) {
	if len(pictures) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(context.Background()) // Each has a context of its own, and Close ends what nobody asked for
	c.ahead.pictures, c.ahead.queue, c.ahead.end = pictures, c.load(ctx, pictures), cancel
}

// take gives what was begun, once, and what ends it; nil where these pictures were not.
func (a *ahead) take(pictures []Picture) (queue <-chan chan *item, end func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.queue == nil || len(pictures) != len(a.pictures) || &pictures[0] != &a.pictures[0] {
		return nil, func() {}
	}
	queue, end = a.queue, a.end
	a.queue, a.pictures = nil, nil
	return queue, end
}

// stop ends what nobody has taken.
func (a *ahead) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.queue != nil {
		a.end()
		a.queue, a.pictures = nil, nil
	}
}

func (c *Classifier) prepareOne(ctx context.Context, index int, p Picture) *item {
	it := &item{index: index, name: p.Name}
	m, release, err := p.Image(ctx, c.decoder)
	if err != nil {
		it.err = err // names the file
		return it
	}
	defer release()
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
	if name == "" || err == nil {
		return err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// input is the network's input for a batch. Where the network can't take fewer, the last picture fills it up.
func (c *Classifier) input(batch []*item) *tensor.Tensor {
	in, each := c.in, c.preset.Len()
	if c.fewer {
		in.N = len(batch)
	}
	x := tensor.New(in) // not one for all: an answer may hold the input, as a value that was asked for
	for i := range in.N {
		copy(x.Data[i*each:], batch[min(i, len(batch)-1)].data)
	}
	return x
}

// compute runs the network on a batch and deals out the answers.
func (c *Classifier) compute(ctx context.Context, x *tensor.Tensor, batch []*item) ([]Result, error) {
	ys, err := c.runner.RunAll(ctx, x)
	results := make([]Result, len(batch))
	switch {
	case errors.Is(err, graph.ErrNotFinite) && c.fewer && len(batch) > 1: // by which picture?
		for i, it := range batch {
			one, err := c.compute(ctx, c.input([]*item{it}), []*item{it})
			if err != nil {
				return nil, err
			}
			results[i] = one[0]
		}
		return results, nil
	case errors.Is(err, graph.ErrNotFinite):
		for i, it := range batch {
			results[i] = Result{Index: it.index, Err: named(it.name, err)}
		}
		return results, nil
	case err != nil:
		return nil, err
	}
	for i, it := range batch {
		results[i] = c.result(it, i, ys)
	}
	return results, nil
}

// result is the answer for image i of a batch.
func (c *Classifier) result(it *item, i int, ys []*tensor.Tensor) Result {
	r := Result{Index: it.index, Fitted: it.fitted}
	for _, y := range ys {
		if one := c.row(y, i); tensor.FirstNonFinite(one.Data) >= 0 {
			err := fmt.Errorf("the network gives %v", one.Data[tensor.FirstNonFinite(one.Data)])
			return Result{Index: it.index, Err: named(it.name, err)}
		}
	}
	if c.output >= 0 {
		r.Classes, r.Softmax = Rank(c.row(ys[c.output], i).Data, c.labels, c.o.Top, c.o.Softmax)
	}
	for _, k := range c.values {
		r.Values = append(r.Values, c.row(ys[k], i))
	}
	return r
}

// row is image i of a value; all of it, whatever its shape, where a run has one image.
func (c *Classifier) row(y *tensor.Tensor, i int) *tensor.Tensor {
	if c.in.N == 1 {
		return y
	}
	n := y.C * y.H * y.W
	return &tensor.Tensor{Shape: tensor.Shape{N: 1, C: y.C, H: y.H, W: y.W}, Data: y.Data[i*n : (i+1)*n : (i+1)*n]}
}
