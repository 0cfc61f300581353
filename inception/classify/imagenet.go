package classify

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed imagenet/classes.txt
var imageNetClasses string

// ImageNetLabels are the names of ImageNet's 1,000 classes, in the order that its classifiers have them; for 1,001 classes, those of
// TensorFlow's, "background" is first. Nil for any other number.
func ImageNetLabels(classes int) []string {
	names := strings.Split(strings.TrimSpace(imageNetClasses), "\n")
	switch classes {
	case len(names):
		return names
	case len(names) + 1:
		return append([]string{"background"}, names...)
	}
	return nil
}

// nameClasses calls the classes what the model's file does, or after ImageNet's where there are as many, and nothing else is known.
func (m *Model) nameClasses(meta metadata) {
	if m.Labels != nil || m.Suits(m.Preset) != nil {
		return
	}
	n, err := m.Classes()
	if err != nil {
		return
	}
	if m.Labels = meta.labels(n); m.Labels != nil {
		m.LabelsReason = "what the file calls them"
		return
	}
	if m.Labels = ImageNetLabels(n); m.Labels != nil {
		m.LabelsReason = fmt.Sprintf("ImageNet's: it has %d", n)
	}
}
