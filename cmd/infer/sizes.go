package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"inceptiongl/inception/classify"
	"inceptiongl/inception/images"
)

// group are photos that the network takes in one size.
type group struct {
	preset images.Preset
	own    images.Size // the first photo's, where each keeps its own
	photos []int       // their places
	batch  int
}

// choose decides how a photo becomes the input, and says what is assumed.
func (j *job) choose(f *flags, m *classify.Model) error {
	assumed := "" // why each photo's own size
	if f.Size == "" && f.Crop == "" && m.AnySize() {
		assumed = j.wantsOwn(f, m)
	}
	if assumed != "" {
		f.Size = "own"
	}
	var err error
	if m.Preset, err = f.Choose(m); err != nil {
		return err
	}
	fmt.Fprintf(j.log, "Preset   %v\n", m.Preset)
	if f.Preset == "" && m.PresetReason != "" {
		fmt.Fprintf(j.log, "Assumed  %s (--preset)\n", m.PresetReason)
	}
	switch {
	case assumed != "":
		fmt.Fprintf(j.log, "Assumed  %s (--size, --own-pixels)\n", assumed)
	case m.AnySize() && f.Size == "" && f.Crop == "":
		fmt.Fprintf(j.log, "Assumed  %v, as the network takes any size (--size, --crop)\n", m.Preset.Output())
	}
	return nil
}

// wantsOwn says why photos should keep their size where nothing else is said: where the network makes pictures of pictures and they are
// asked for, or takes no square; "" where they shouldn't.
func (j *job) wantsOwn(f *flags, m *classify.Model) string {
	if wrong := classify.PresetError(""); errors.As(m.Suits(m.Preset), &wrong) && m.Channels() == m.Preset.Order.Channels() {
		return fmt.Sprintf("each photo in its proportions, as %v", wrong)
	}
	if f.Preset != "" || f.OutAll == "" && f.OutPNG == "" {
		return ""
	}
	if _, err := m.Classes(); err == nil {
		return ""
	}
	return "each photo's own size, as the network takes any and gives no classes"
}

// groups are the photos by the size in which the network takes them: all as one, unless each has its own. What can't be measured is
// reported at once.
func (j *job) groups(ctx context.Context, f *flags, m *classify.Model, r *Report) ([]group, error) {
	if all := (group{preset: m.Preset}); !m.Preset.Own() {
		for i := range j.photos {
			all.photos = append(all.photos, i)
		}
		return []group{all}, nil
	}
	var groups []group
	known := map[images.Size]int{} // a size's group
	decoder := f.Decoder()
	for i, p := range j.photos {
		size, err := p.Size(ctx, decoder)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			j.fail(r, classify.Result{Index: i, Err: err})
			continue
		}
		at, ok := known[size]
		if !ok {
			preset, err := f.OwnSize(m, m.Preset, size)
			if wrong := classify.PresetError(""); errors.As(err, &wrong) {
				return nil, err
			}
			if err != nil {
				j.fail(r, classify.Result{Index: i, Err: fmt.Errorf("%s: %w", p.Name, err)})
				continue
			}
			at = slices.IndexFunc(groups, func(g group) bool { return g.preset.Exact == preset.Exact && g.preset.Crop == preset.Crop })
			if at < 0 {
				at = len(groups)
				groups = append(groups, group{preset: preset, own: size})
			}
			known[size] = at
		}
		groups[at].photos = append(groups[at].photos, i)
	}
	if len(groups) == 0 {
		return nil, fmt.Errorf("%w: %d of %d", errSome, r.failed, len(j.photos))
	}
	return groups, nil
}

// planAll decides what is computed, for photos of all sizes, and says what the sizes are.
func (j *job) planAll(f *flags, m *classify.Model, groups []group, batch int) error {
	const lines = 8
	for i := range groups {
		g := &groups[i]
		if g.batch = batch; m.Batch == 0 {
			g.batch = min(batch, len(g.photos))
		}
		if g.own != (images.Size{}) && i < lines {
			fmt.Fprintf(j.log, "Size     %s\n", g)
		}
		m.Preset = g.preset
		if i == 0 {
			if err := j.plan(f, m, g.batch); err != nil {
				return err
			}
			continue
		}
		shapes, err := m.Graph.Shapes(m.Input(g.batch))
		if err != nil {
			return err
		}
		if j.embed != nil {
			if s := shapes[j.embed.node]; s.C*s.H*s.W != j.embed.features {
				return fmt.Errorf("--embed: node %s has %d numbers for %s and %d for %s: rows must have one length",
					j.embed.name, j.embed.features, j.photos[groups[0].photos[0]].Name, s.C*s.H*s.W, j.photos[g.photos[0]].Name)
			}
		}
	}
	if more := len(groups) - lines; more > 0 {
		fmt.Fprintf(j.log, "Size     and %d more\n", more)
	}
	return nil
}

// String says what becomes of the photos' size.
func (g *group) String() string {
	s := g.own.String()
	if g.preset.Exact != g.own {
		s += ", scaled to " + g.preset.Exact.String()
	}
	if g.preset.Crop != (images.Size{}) {
		s += ", cut to " + g.preset.Crop.String() + ", which the network takes"
	}
	return s + ": " + plural(len(g.photos), "photo")
}
