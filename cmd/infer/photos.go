package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"inceptiongl/cmd/internal/cli"
	"inceptiongl/inception/classify"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/images"
	"inceptiongl/inception/tensor"
)

// job is a run over photos. Each part that isn't asked for is nil.
type job struct {
	photos   []photo
	top      int // classes to print for each photo; below 0: none
	labels   []string
	raw      bool          // the network's output is printed as it is
	values   []graph.Value // further ones that each result has
	embed    *embedder
	draw     *drawer
	save     *saver
	outputs  []int // which of a result's values the graph's outputs are, where there is a saver
	model    *classify.Model
	order    images.Order
	print    printer
	progress *cli.Progress
	begun    bool // a network is ready
	log      io.Writer
}

// runPhotos does what the flags say about photos.
func runPhotos(ctx context.Context, f *flags, m *classify.Model, b *backends, out, log io.Writer) error {
	j := &job{log: log, raw: f.Softmax == "off"}
	batch, err := batchOf(f, m, 1)
	if err != nil {
		return err
	}
	if len(f.Photos) == 0 && (f.Model == "" || f.Model == "digits") {
		j.photos, err = samplePhotos()
	} else if len(f.Photos) == 0 {
		err = fmt.Errorf("no photos given: name some, or a folder of them")
	} else {
		j.photos, err = listPhotos(f.Photos)
	}
	if err != nil {
		return err
	}
	if err := j.choose(f, m); err != nil {
		return err
	}
	j.progress = cli.NewProgress(len(j.photos), "photos", log)
	defer j.progress.Close()
	report := &Report{Model: m.About, Preset: m.Preset, Backend: f.Backend}
	groups, err := j.groups(ctx, f, m, report)
	if err != nil {
		return err
	}
	j.order, j.model = m.Preset.Order, m
	if err := j.planAll(f, m, groups, batch); err != nil {
		return err
	}
	backend, err := b.ready(log)
	if err != nil {
		return err
	}
	if len(groups) > 1 { // each needs the weights
		backend = noting(backend, log)
	} else {
		backend = lettingGo(f, m, backend, log)
	}
	j.print = newPrinter(f, j, out)
	for _, g := range groups {
		if err = j.runGroup(ctx, f, backend, g, report); err != nil {
			break
		}
	}
	if err != nil && !j.begun {
		return err
	}
	j.progress.Close()
	if err != nil { // what there is by now is written all the same
		report.Error = err.Error()
	}
	switch e := j.finish(report); {
	case err == nil:
		return e
	case e != nil && !errors.Is(e, errSome) && e.Error() != err.Error():
		err = errors.Join(err, e)
	}
	return err
}

// plan decides what is computed, and finds out before the run what would go wrong after it.
func (j *job) plan(f *flags, m *classify.Model, batch int) error {
	shapes, err := m.Graph.Shapes(m.Input(batch))
	if err != nil {
		return err
	}
	if f.Embed != "" {
		if j.embed, err = newEmbedder(f, m.Graph, shapes); err != nil {
			return err
		}
		j.embed.at = len(j.values)
		j.values = append(j.values, j.embed.node)
	}
	if f.Activations != "" {
		if j.draw, err = newDrawer(f, m.Graph, shapes); err != nil {
			return err
		}
		for i, mod := range j.draw.modules {
			j.draw.modules[i].at = len(j.values)
			j.values = append(j.values, mod.node)
		}
	}
	if j.save, err = newSaver(f, m, shapes, &m.Preset, j.log); err != nil {
		return err
	}
	if j.save != nil {
		for _, v := range m.Graph.Outputs {
			j.outputs = append(j.outputs, len(j.values))
			j.values = append(j.values, v)
		}
	}
	if j.top = f.Top; j.top < 0 && len(f.Photos) == 0 {
		j.top = 1
	} else if j.top < 0 {
		j.top = 5
	}
	if j.top == 0 {
		if j.top = -1; len(j.values) == 0 {
			return fmt.Errorf("--top 0 leaves nothing to do without --embed, --activations, --out-all or --out-png")
		}
		return nil
	}
	classes, err := m.Classes()
	switch {
	case err == nil && f.Labels != "":
		m.LabelsReason = ""
		if m.Labels, err = classify.LoadLabels(f.Labels); err != nil {
			return fmt.Errorf("--labels: %w", err)
		}
		if len(m.Labels) != classes {
			return fmt.Errorf("--labels: %s: %d labels, the network has %d classes", f.Labels, len(m.Labels), classes)
		}
	case errors.Is(err, classify.ErrNoClasses) && len(j.values) > 0 && f.Labels == "":
		j.top = -1
	case err != nil:
		return fmt.Errorf("%w; there are --out-all and --out-png, --embed and --activations", err)
	}
	j.labels = m.Labels
	if m.LabelsReason != "" && j.top > 0 {
		fmt.Fprintf(j.log, "Assumed  its classes are %s (--labels)\n", m.LabelsReason)
	}
	return nil
}

// runGroup takes photos of one size through the network.
func (j *job) runGroup(ctx context.Context, f *flags, b classify.Backend, g group, r *Report) error {
	j.model.Preset = g.preset
	var pictures []classify.Picture
	for _, i := range g.photos {
		pictures = append(pictures, j.photos[i].Picture)
	}
	c, err := classify.New(ctx, j.model, b, classify.Options{
		Top: j.top, Batch: g.batch, Values: j.values, Softmax: f.Softmax == "on", Fitted: j.draw != nil, Decoder: f.Decoder(), Pictures: pictures,
	})
	if err != nil {
		return err
	}
	defer c.Close()
	j.begun = true
	for res, err := range c.Each(ctx, pictures) {
		if err == nil {
			res.Index = g.photos[res.Index]
		}
		if err == nil && res.Err != nil {
			j.fail(r, res)
		} else if err == nil {
			err = j.answer(ctx, r, res)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// answer makes what was asked for of a photo's result.
func (j *job) answer(ctx context.Context, r *Report, from classify.Result) error {
	p := j.photos[from.Index]
	res := Result{File: p.Name, Want: p.want, order: from.Index}
	for i, c := range from.Classes {
		score := c.Probability
		if j.raw {
			score = float64(c.Score)
		}
		res.Top = append(res.Top, Class{Rank: i + 1, Index: c.Index, Label: c.Label, Score: score})
	}
	if len(res.Top) > 0 {
		res.Right = res.Want != "" && res.Top[0].Label == res.Want
		r.Softmax, r.Scores = from.Softmax && !j.raw, "probability"
		if j.raw && from.Softmax { // softmax would have been needed
			r.Scores = "score"
		}
	}
	if j.draw != nil {
		var err error
		if res.Activations, err = j.draw.draw(p.Name, from); err != nil {
			return err
		}
	}
	if j.save != nil {
		var ys []*tensor.Tensor
		for _, at := range j.outputs {
			ys = append(ys, from.Values[at])
		}
		answers, err := finished(ctx, j.model, ys)
		if err != nil {
			return err
		}
		if res.Outputs, err = j.save.save(p.Name, answers, j.order); err != nil {
			return err
		}
	}
	if j.embed != nil {
		n := j.embed.add(p.Name, from.Values[j.embed.at].Data)
		res.Row = &n
	}
	if r.Preset.Own() {
		size := j.model.Preset.Output()
		res.Input = []int{size.H, size.W}
	}
	r.Images = append(r.Images, res)
	j.progress.Clear()
	err := j.print.result(&res)
	j.progress.Add()
	return err
}

// fail reports a photo at once. Its error names it.
func (j *job) fail(r *Report, res classify.Result) {
	if errors.Is(res.Err, images.ErrMemory) {
		res.Err = fmt.Errorf("%w (--photo-memory)", res.Err)
	}
	r.Images = append(r.Images, Result{File: j.photos[res.Index].Name, Error: res.Err.Error(), order: res.Index})
	r.failed++
	j.progress.Clear()
	fmt.Fprintf(j.log, "infer: %s\n", cli.Printable(res.Err.Error()))
	j.progress.Add()
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
	if j.save != nil {
		j.save.said(j.log)
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

// batchOf is the batch to use: the one asked for, the one that the model fixes, or the given one.
func batchOf(f *flags, m *classify.Model, without int) (int, error) {
	batch, err := m.ChooseBatch(f.Batch, without)
	if err != nil {
		return 0, fmt.Errorf("--batch %d: %w", f.Batch, err)
	}
	return batch, nil
}
