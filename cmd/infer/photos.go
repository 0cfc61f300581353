package main

import (
	"context"
	"fmt"
	"image"
	"io"
	"iter"
	"slices"

	"inceptiongl/inception/graph"
	"inceptiongl/inception/images"
	"inceptiongl/inception/tensor"
)

// job is a run over photos. Each part that isn't asked for is nil.
type job struct {
	photos   []photo
	preset   images.Preset
	batch    int
	engine   engine
	wanted   []graph.Value // what the engine gives
	classify *classifier
	embed    *embedder
	draw     *drawer
	print    printer
	progress *progress
	log      io.Writer
}

// item is a photo on its way.
type item struct {
	photo
	order  int         // its place among the photos
	data   []float32   // C × H × W
	fitted *image.RGBA // scaled and cropped
	err    error
}

// runPhotos does what the flags say about photos.
func runPhotos(ctx context.Context, f *flags, m *model, out, log io.Writer) error {
	j := &job{log: log}
	var err error
	if j.batch, err = m.batchOf(f.Batch, 1); err != nil {
		return err
	}
	if len(f.Photos) == 0 && m.digits {
		j.photos, err = samplePhotos()
	} else if len(f.Photos) == 0 {
		err = fmt.Errorf("no photos given: name some, or a folder of them")
	} else {
		j.photos, err = listPhotos(f.Photos)
	}
	if err != nil {
		return err
	}
	if j.preset, err = choosePreset(f, m); err != nil {
		return err
	}
	fmt.Fprintf(log, "Preset   %v\n", j.preset)
	if m.batch == 0 {
		j.batch = min(j.batch, len(j.photos))
	}
	size := j.preset.Output()
	in := tensor.Shape{N: j.batch, C: j.preset.Order.Channels(), H: size.H, W: size.W}
	if err := j.plan(f, m, in); err != nil {
		return err
	}
	if j.engine, err = newEngine(ctx, f, m.graph, in, j.wanted, log); err != nil {
		return err
	}
	defer j.engine.Close()
	report := &Report{Model: m.about, Preset: j.preset, Backend: f.Backend}
	j.print = newPrinter(f, j, out)
	j.progress = newProgress(len(j.photos), log)
	defer j.progress.close()
	if err := j.run(ctx, in, report); err != nil {
		return err
	}
	j.progress.close()
	return j.finish(report)
}

// plan decides what is computed, and finds out before the run what would go wrong after it.
func (j *job) plan(f *flags, m *model, in tensor.Shape) error {
	shapes, err := m.graph.Shapes(in)
	if err != nil {
		return err
	}
	output := m.graph.Outputs[0]
	want := func(v graph.Value) int {
		if i := slices.Index(j.wanted, v); i >= 0 {
			return i
		}
		j.wanted = append(j.wanted, v)
		return len(j.wanted) - 1
	}
	if f.Embed != "" {
		if j.embed, err = newEmbedder(f, m.graph, shapes); err != nil {
			return err
		}
		j.embed.at = want(j.embed.node)
	}
	if f.Activations != "" {
		if j.draw, err = newDrawer(f, m.graph, shapes); err != nil {
			return err
		}
		for _, mod := range j.draw.modules {
			want(mod.node)
		}
	}
	top := f.Top
	if top < 0 && len(f.Photos) == 0 {
		top = 1
	} else if top < 0 {
		top = 5
	}
	switch s := shapes[output]; {
	case top == 0:
	case s.H*s.W == 1 && s.N == in.N:
		if j.classify, err = newClassifier(f, m, s.C, top); err != nil {
			return err
		}
		j.classify.at = want(output)
	case len(j.wanted) == 0 || f.Labels != "":
		return fmt.Errorf("the network's output is %v: no classes; there are --embed, --activations, and --in with --out", s)
	}
	if len(j.wanted) == 0 {
		return fmt.Errorf("--top 0 leaves nothing to do without --embed or --activations")
	}
	for _, v := range j.wanted {
		if shapes[v].N != in.N {
			return fmt.Errorf("node %s of shape %v doesn't keep the photos apart", m.graph.Nodes[v].Name, shapes[v])
		}
	}
	if j.draw != nil {
		j.draw.index(j.wanted)
	}
	return nil
}

// run takes every photo through the network, a batch at a time.
func (j *job) run(ctx context.Context, in tensor.Shape, r *Report) error {
	x := tensor.New(in)
	var batch []*item
	for it := range j.prepare(ctx) {
		if it.err != nil {
			j.fail(r, it, it.err)
			continue
		}
		if batch = append(batch, it); len(batch) == j.batch {
			if err := j.compute(ctx, x, batch, r); err != nil {
				return err
			}
			batch = nil
		}
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if len(batch) > 0 {
		return j.compute(ctx, x, batch, r)
	}
	return nil
}

// prepare yields the photos in order. While the caller works on one, the next few are decoded and scaled.
func (j *job) prepare(ctx context.Context) iter.Seq[*item] {
	return func(yield func(*item) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		queue := make(chan chan *item, workers())
		go func() {
			defer close(queue)
			for i, p := range j.photos {
				done := make(chan *item, 1)
				select {
				case queue <- done:
				case <-ctx.Done():
					return
				}
				go func() { done <- j.prepareOne(i, p) }()
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

func (j *job) prepareOne(order int, p photo) *item {
	it := &item{photo: p, order: order}
	m, err := p.load()
	if err == nil {
		m, err = j.preset.Fit(m)
	}
	if err != nil {
		it.err = err
		return it
	}
	it.data = make([]float32, j.preset.Len())
	j.preset.Fill(it.data, m)
	if j.draw != nil {
		it.fitted = m
	}
	return it
}

// compute runs the network on a batch, which the last photo fills up where there are too few, and deals out the answers.
func (j *job) compute(ctx context.Context, x *tensor.Tensor, batch []*item, r *Report) error {
	each := j.preset.Len()
	for i := range j.batch {
		copy(x.Data[i*each:], batch[min(i, len(batch)-1)].data)
	}
	ys, err := j.engine.run(ctx, x)
	if err != nil {
		return err
	}
	for i, it := range batch {
		if err := finite(ys, i); err != nil {
			j.fail(r, it, fmt.Errorf("%s: %w", it.name, err))
		} else if err := j.answer(it, i, ys, r); err != nil {
			return err
		}
	}
	return nil
}

// finite reports a NaN or an infinity among image i of the values.
func finite(ys []*tensor.Tensor, i int) error {
	for _, y := range ys {
		if k := tensor.FirstNonFinite(row(y, i)); k >= 0 {
			return fmt.Errorf("the network gives %v", row(y, i)[k])
		}
	}
	return nil
}

// answer makes what was asked for of image i of the values ys.
func (j *job) answer(it *item, i int, ys []*tensor.Tensor, r *Report) error {
	res := Result{File: it.name, Want: it.want, order: it.order}
	if j.classify != nil {
		res.Top = j.classify.top(row(ys[j.classify.at], i), r)
		res.Right = res.Want != "" && res.Top[0].Label == res.Want
	}
	if j.draw != nil {
		var err error
		if res.Activations, err = j.draw.draw(it, i, ys); err != nil {
			return err
		}
	}
	if j.embed != nil {
		n := j.embed.add(it.name, row(ys[j.embed.at], i))
		res.Row = &n
	}
	r.Images = append(r.Images, res)
	j.progress.clear()
	err := j.print.result(&res)
	j.progress.add()
	return err
}

// fail reports a photo at once. Its error names it.
func (j *job) fail(r *Report, it *item, err error) {
	r.Images = append(r.Images, Result{File: it.name, Error: err.Error(), order: it.order})
	r.failed++
	j.progress.clear()
	fmt.Fprintf(j.log, "infer: %s\n", printable(err.Error()))
	j.progress.add()
}

// finish writes what is written at the end.
func (j *job) finish(r *Report) error {
	slices.SortFunc(r.Images, func(a, b Result) int { return a.order - b.order })
	if j.embed != nil {
		if err := j.embed.write(j.log); err != nil {
			return err
		}
		r.Embedding = j.embed.about()
	}
	if j.draw != nil {
		fmt.Fprintf(j.log, "%d mosaics are in %s\n", j.draw.count, j.draw.dir)
	}
	if err := j.print.finish(r); err != nil {
		return err
	}
	known, right := 0, 0
	for _, res := range r.Images {
		if res.Want != "" && len(res.Top) > 0 {
			known++
		}
		if res.Right {
			right++
		}
	}
	if known > 0 {
		fmt.Fprintf(j.log, "%d of %d samples are classified as they are meant\n", right, known)
	}
	if r.failed > 0 {
		return fmt.Errorf("%w: %d of %d", errSome, r.failed, len(j.photos))
	}
	return nil
}

// row is image i of a value: C·H·W numbers.
func row(y *tensor.Tensor, i int) []float32 {
	n := y.C * y.H * y.W
	return y.Data[i*n : (i+1)*n]
}
