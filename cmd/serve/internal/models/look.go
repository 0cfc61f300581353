package models

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"inceptiongl/cmd/internal/modules"
	"inceptiongl/cmd/serve/internal/v2"
	"inceptiongl/inception/classify"
	"inceptiongl/inception/graph"
	"inceptiongl/inception/run"
	"inceptiongl/inception/tensor"
)

// forLooks stands for the size of the session that looks inside: none that answers is held up by it.
const forLooks = 0

// images are those of the session for a size.
func (m *Model) images(size int) int {
	if size == forLooks {
		return max(m.about.Batch, 1)
	}
	return size
}

// Look is what a network sees in a picture, stage after stage.
type Look struct {
	Input  Maps    `json:"input"`
	Device string  `json:"device"`
	Micros float64 `json:"us"` // all waves
	Clock  bool    `json:"clock"`
	Stages []Stage `json:"stages"`
}

// Stage is a module, or a step outside of one.
type Stage struct {
	Name     string           `json:"name"`
	Module   bool             `json:"module"`
	Branches []modules.Branch `json:"branches,omitempty"`
	Waves    []LookWave       `json:"waves"`
}

// LookWave is what runs between two barriers.
type LookWave struct {
	Number int        `json:"n"` // from 1, of the whole network
	Micros float64    `json:"us"`
	Steps  []LookStep `json:"steps"`
}

// LookStep is one dispatch, or those of one kernel.
type LookStep struct {
	Name   string     `json:"name"`
	Kernel string     `json:"kernel"`
	Micros float64    `json:"us"`
	MACs   int64      `json:"macs"`
	Parts  []LookPart `json:"parts"`
}

// LookPart is what a step computes for one branch.
type LookPart struct {
	Name   string `json:"name"`
	Branch int    `json:"branch"` // of the stage's; −1: none
	Op     string `json:"op"`     // 1×1, 3×3, avgpool 3×3, relu …
	In     int    `json:"in"`     // channels that it reads
	Maps   Maps   `json:"maps"`
}

// Maps are the channels of a value, each from its smallest (0) to its largest (255) number. Large ones are shown smaller, and of
// many channels some.
type Maps struct {
	Channels int    `json:"channels"`
	H        int    `json:"h"`
	W        int    `json:"w"`
	Flat     int    `json:"flat"`   // of the channels shown, those with one number everywhere
	Shown    int    `json:"shown"`  // the first channels
	ShownH   int    `json:"shownH"` // their size
	ShownW   int    `json:"shownW"`
	Pixels   []byte `json:"pixels"` // Shown × ShownH × ShownW; base64 in JSON
}

const (
	mostChannels = 32
	mostSide     = 64
	mostLooks    = 4 // that wait for each other
)

// Look runs a picture wave by wave. It uses a session of its own, compiled at the first look.
func (m *Model) Look(ctx context.Context, picture []byte) (*Look, error) {
	if !m.photos {
		return nil, v2.Errorf(v2.Invalid, "model %q is not for pictures", m.Name)
	}
	select {
	case m.looks <- struct{}{}:
		defer func() { <-m.looks }()
	default:
		return nil, &v2.Error{Code: v2.Full, Message: "others are looking inside: try again", RetryAfter: time.Second}
	}
	x := tensor.New(m.input(m.images(forLooks)))
	if err := m.decoder.into(ctx, x.Data[:m.preset.Len()], m.preset, picture); err != nil {
		return nil, err
	}
	select {
	case m.looking <- struct{}{}:
		defer func() { <-m.looking }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	d := m.devices[0]
	if !d.has(m, forLooks) {
		if _, err := d.compile(ctx, m, forLooks); err != nil {
			return nil, fmt.Errorf("looking inside: %w", err)
		}
	}
	s, generation, err := d.session(ctx, m, forLooks)
	if err != nil {
		return nil, err
	}
	look, err := m.look(ctx, s, x)
	if err != nil && lost(err) {
		d.rebuild(generation, err)
		return nil, &v2.Error{Code: v2.NotReady, Message: "the GPU was lost: try again", RetryAfter: time.Second}
	}
	if err == nil {
		look.Device = d.Stats().About
	}
	return look, err
}

// has reports a session that is there, or will be once the device is.
func (d *Device) has(m *Model, size int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, ok := d.sessions[m][size]
	return ok
}

func (m *Model) look(ctx context.Context, s Session, x *tensor.Tensor) (*Look, error) {
	times, err := timed(ctx, s, x)
	if err != nil {
		return nil, err
	}
	p := s.Plan()
	g := p.Graph
	shapes, err := g.Shapes(x.Shape)
	if err != nil {
		return nil, err
	}
	place := newPlaces(g, shapes)
	look := &Look{Input: mapsOf(x), Micros: micros(times.Total), Clock: len(times.Steps) == len(p.Waves)}
	wave, step := 0, -1
	_, err = s.Trace(ctx, x, func(tr run.StepTrace) error {
		if step++; step == len(p.Waves[wave].Steps) {
			wave, step = wave+1, 0
		}
		one := LookStep{Name: tr.Step.Name, Kernel: tr.Step.Key.String(), MACs: tr.Step.MACs}
		var took time.Duration
		if look.Clock {
			one.Micros, took = micros(times.Steps[wave][step]), times.Waves[wave]
		}
		stage := -1
		for i, part := range tr.Step.Parts {
			module, branch := place.of(part.Nodes)
			stage = max(stage, module)
			one.Parts = append(one.Parts, LookPart{Name: part.Name, Branch: branch, Op: operator(part.Op), In: tr.In[0].C, Maps: mapsOf(tr.Out[i])})
		}
		look.add(place, stage, wave, took, one)
		return nil
	})
	return look, err
}

// timed is the quickest of a few runs: others use the device, too.
func timed(ctx context.Context, s Session, x *tensor.Tensor) (run.Timing, error) {
	var best run.Timing
	for i := range 5 {
		_, t, err := s.RunTimed(ctx, x, true)
		if err != nil {
			return t, err
		}
		if i == 0 || t.Total < best.Total {
			best = t
		}
	}
	return best, nil
}

// add puts a step into its stage and wave.
func (l *Look) add(p *places, module, wave int, took time.Duration, s LookStep) {
	name := s.Parts[0].Name
	if module >= 0 {
		name = p.names[module]
	}
	i := slices.IndexFunc(l.Stages, func(st Stage) bool { return st.Name == name && st.Module == (module >= 0) })
	if i < 0 {
		st := Stage{Name: name, Module: module >= 0}
		if module >= 0 {
			st.Branches = p.branches[module]
		}
		l.Stages = append(l.Stages, st)
		i = len(l.Stages) - 1
	}
	st := &l.Stages[i]
	if n := len(st.Waves); n == 0 || st.Waves[n-1].Number != wave+1 {
		st.Waves = append(st.Waves, LookWave{Number: wave + 1, Micros: micros(took)})
	}
	w := &st.Waves[len(st.Waves)-1]
	w.Steps = append(w.Steps, s)
}

// places tells where a network's nodes belong.
type places struct {
	names    []string
	branches [][]modules.Branch
	node     map[graph.Value][2]int // module and branch
}

func newPlaces(g *graph.Graph, shapes []tensor.Shape) *places {
	p := &places{node: map[graph.Value][2]int{}}
	for i, v := range modules.All(g) {
		p.names = append(p.names, strings.TrimSuffix(g.Nodes[v].Name, ".concat"))
		p.branches = append(p.branches, modules.Branches(g, shapes, v))
		chains := modules.Chains(g, v)
		if len(chains) < 2 {
			continue
		}
		for b, chain := range chains {
			for _, n := range chain {
				if _, ok := p.node[n]; !ok { // branches may begin alike
					p.node[n] = [2]int{i, b}
				}
			}
		}
	}
	return p
}

// of is the module and branch of what a part computes; −1, −1 for none.
func (p *places) of(nodes []graph.Value) (module, branch int) {
	for _, n := range nodes {
		if at, ok := p.node[n]; ok {
			return at[0], at[1]
		}
	}
	return -1, -1
}

func operator(op graph.Op) string {
	if w := modules.Window(op); w != "" {
		return w
	}
	return op.Kind()
}

func micros(d time.Duration) float64 { return math.Round(float64(d)/10) / 100 }

// mapsOf draws the channels of the first image of a value.
func mapsOf(t *tensor.Tensor) Maps {
	m := Maps{Channels: t.C, H: t.H, W: t.W, Shown: min(t.C, mostChannels)}
	by := (max(t.H, t.W) + mostSide - 1) / mostSide // numbers that share a pixel, a side
	m.ShownH, m.ShownW = (t.H+by-1)/by, (t.W+by-1)/by
	m.Pixels = make([]byte, 0, m.Shown*m.ShownH*m.ShownW)
	if t.H*t.W == 1 { // a number for each channel: they are seen beside each other
		m.Pixels, m.Flat = levels(m.Pixels, t.Data[:m.Shown]), 0
		return m
	}
	for c := range m.Shown {
		small := shrink(t.Data[c*t.H*t.W:][:t.H*t.W], t.W, by, m.ShownH, m.ShownW)
		m.Pixels = levels(m.Pixels, small)
		if m.Pixels[len(m.Pixels)-1] == flat {
			m.Flat++
		}
	}
	return m
}

const flat = 0 // what is the same everywhere, or no number

// levels appends numbers from the smallest, 1, to the largest, 255.
func levels(to []byte, numbers []float32) []byte {
	low, high := slices.Min(numbers), slices.Max(numbers)
	if !(high > low) || math.IsInf(float64(high-low), 0) {
		return append(to, make([]byte, len(numbers))...)
	}
	for _, v := range numbers {
		to = append(to, byte((v-low)/(high-low)*254+1))
	}
	return to
}

// shrink takes the mean of each square of by × by numbers.
func shrink(plane []float32, width, by, h, w int) []float32 {
	out, height := make([]float32, h*w), len(plane)/width
	for y := range h {
		for x := range w {
			var sum float32
			n := 0
			for i := y * by; i < min((y+1)*by, height); i++ {
				for j := x * by; j < min((x+1)*by, width); j++ {
					sum += plane[i*width+j]
					n++
				}
			}
			out[y*w+x] = sum / float32(n)
		}
	}
	return out
}

// Classes are the likeliest classes of an answer for one image; nil where the model has none.
func (m *Model) Classes(r *v2.Response, top int) []classify.Class {
	if len(r.Outputs) == 0 || m.shapes[0].H*m.shapes[0].W != 1 || len(r.Outputs[0].Numbers) != m.shapes[0].C {
		return nil
	}
	labels := m.about.Labels
	if len(labels) != m.shapes[0].C {
		labels = nil
	}
	all, _ := classify.Rank(r.Outputs[0].Numbers, labels, top, false)
	for i := range all {
		if labels == nil {
			all[i].Label = strconv.Itoa(all[i].Index)
		}
	}
	return all
}
