package classify

import (
	"context"
	"fmt"
	"image"
	"io"
	"runtime"
	"slices"

	"inceptiongl/gpu"
	"inceptiongl/inception"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/images"
	"inceptiongl/inception/tensor"
)

// Runner computes all outputs of one network, for inputs of one shape, or for fewer pictures where none depends on another. It must
// be safe for several goroutines. An *inception.Session is one.
type Runner interface {
	RunAll(ctx context.Context, x *tensor.Tensor) ([]*tensor.Tensor, error)
	Close() error
}

// Backend makes a network ready to run on inputs of one shape. The graph is the backend's own from then on, though its weights' numbers
// may be shared.
type Backend func(ctx context.Context, g *graph.Graph, in tensor.Shape) (Runner, error)

// GPU is the backend of a device. The device stays the caller's, to be closed after its last Classifier. Once the weights are on
// it, the graph that the backend was given has none: their memory is free where the Model drops them, too. With o.TakeWeights it
// loses them one by one, as they reach the device.
func GPU(d *gpu.Device, o inception.Options) Backend {
	return func(ctx context.Context, g *graph.Graph, in tensor.Shape) (Runner, error) {
		s, err := inception.Compile(ctx, d, g, in, o)
		if err != nil {
			return nil, err
		}
		clear(g.Weights)
		return s, nil
	}
}

// Options change how pictures are classified. The zero value is fine.
type Options struct {
	Top     int           // classes to name for a picture; 0: 5; negative: none, for the sake of Values
	Batch   int           // pictures in one run; 0: what the model fixes, or 1. Fewer may take as long as that many
	Values  []graph.Value // further values of the graph to give for each picture: embeddings, feature maps
	Softmax bool          // make probabilities of the output though it looks as if it were some already
	Fitted  bool          // give each picture as it was scaled and cropped, too
	// Decoder decodes what isn't decoded yet, within its budget of memory: that of several classifiers where they share it. Nil is one
	// of the classifier's own, with images.DefaultLimits.
	Decoder *images.Decoder
	// Pictures are those that Each is going to be called with first, if they are known: the first of them are loaded while the network is
	// compiled.
	Pictures []Picture
}

// Classifier runs a model. Its methods may be called by several goroutines at once; Close after the last.
type Classifier struct {
	runner  Runner
	preset  images.Preset
	labels  []string
	in      tensor.Shape
	fewer   bool // the runner takes fewer pictures: none depends on another
	o       Options
	output  int           // which of the runner's outputs has the classes
	values  []int         // and which the Options' values
	slots   chan struct{} // bounds the pictures that are decoded and scaled at once
	decoder *images.Decoder
	ahead   ahead
}

// New makes a model ready. The model must not be changed afterwards, but for its weights where the backend is GPU: they may go.
func New(ctx context.Context, m *Model, b Backend, o Options) (*Classifier, error) {
	c := &Classifier{preset: m.Preset, labels: m.Labels, o: o, output: -1, decoder: o.Decoder, slots: make(chan struct{}, min(runtime.GOMAXPROCS(0), 4))}
	batch, err := m.ChooseBatch(o.Batch, 1)
	if err != nil {
		return nil, fmt.Errorf("classify: %w", err)
	}
	if err := m.Suits(m.Preset); err != nil {
		return nil, fmt.Errorf("classify: %w", err)
	}
	c.in = m.Input(batch)
	if c.decoder == nil {
		c.decoder = images.NewDecoder(images.DefaultLimits)
	}
	wanted, err := c.choose(m)
	if err != nil {
		return nil, fmt.Errorf("classify: %w", err)
	}
	part, err := m.Graph.UpTo(wanted...)
	if err != nil {
		return nil, fmt.Errorf("classify: %w", err)
	}
	if _, err := part.Shapes(c.in); err != nil {
		return nil, fmt.Errorf("classify: %w", err)
	}
	c.fewer = part.Separable(c.in)
	c.o.Pictures = nil
	c.loadAhead(o.Pictures)
	if c.runner, err = b(ctx, part, c.in); err != nil {
		c.ahead.stop()
		return nil, fmt.Errorf("classify: %w", err)
	}
	return c, nil
}

// choose lists the values to compute, each once.
func (c *Classifier) choose(m *Model) ([]graph.Value, error) {
	shapes, err := m.Graph.Shapes(c.in)
	if err != nil {
		return nil, err
	}
	var wanted []graph.Value
	want := func(v graph.Value) int {
		if !slices.Contains(wanted, v) {
			wanted = append(wanted, v)
		}
		return slices.Index(wanted, v)
	}
	for _, v := range c.o.Values {
		if v < 0 || int(v) >= len(shapes) {
			return nil, fmt.Errorf("value %d is not a node of %s", v, m.Graph.Name)
		}
		if shapes[v].N != c.in.N && c.in.N > 1 {
			return nil, fmt.Errorf("node %s of shape %v doesn't keep the pictures apart", m.Graph.Nodes[v].Name, shapes[v])
		}
		c.values = append(c.values, want(v))
	}
	if c.o.Top < 0 {
		if len(wanted) == 0 {
			return nil, fmt.Errorf("nothing to compute: neither classes nor values are asked for")
		}
		return wanted, nil
	}
	classes, err := m.classes(c.in.N)
	if err != nil {
		return nil, err
	}
	if c.labels != nil && len(c.labels) != classes {
		return nil, fmt.Errorf("%d labels, the network has %d classes", len(c.labels), classes)
	}
	if c.o.Top == 0 {
		c.o.Top = 5
	}
	c.o.Top = min(c.o.Top, classes)
	c.output = want(m.Graph.Outputs[0])
	return wanted, nil
}

// Close frees what the classifier holds on the device.
func (c *Classifier) Close() error {
	c.ahead.stop()
	return c.runner.Close()
}

// Classify tells what is in some pictures: the result at their place. A picture that can't be used has its error in its
// Result.Err, and the others are classified; the error that Classify returns is one of the device or of ctx.
func (c *Classifier) Classify(ctx context.Context, pictures ...image.Image) ([]Result, error) {
	all := make([]Picture, len(pictures))
	for i, m := range pictures {
		all[i] = Picture{Load: func() (image.Image, error) { return m, nil }}
	}
	return c.collect(ctx, all)
}

// ClassifyEncoded is Classify for the contents of JPEG, PNG, WebP, GIF or BMP files: see images.Decode. Each is first read to its
// end, up to the decoder's limit, so that a slow reader keeps nobody else waiting.
func (c *Classifier) ClassifyEncoded(ctx context.Context, files ...io.Reader) ([]Result, error) {
	all := make([]Picture, len(files))
	for i, r := range files {
		data, err := io.ReadAll(io.LimitReader(r, c.decoder.Limits().Bytes+1)) // one more, for it to be found too long
		all[i] = PictureEncoded("", data)
		if err != nil {
			all[i] = Picture{Load: func() (image.Image, error) { return nil, err }}
		}
	}
	return c.collect(ctx, all)
}

func (c *Classifier) collect(ctx context.Context, pictures []Picture) ([]Result, error) {
	all := make([]Result, len(pictures))
	for r, err := range c.Each(ctx, pictures) {
		if err != nil {
			return nil, err
		}
		all[r.Index] = r
	}
	return all, nil
}
