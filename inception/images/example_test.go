package images_test

import (
	"fmt"
	"image"
	"image/color"
	"log"

	"inceptiongl/inception/images"
)

// A picture becomes a network's input.
func ExamplePreset_Tensor() {
	picture := image.NewGray(image.Rect(0, 0, 640, 480)) // or images.Load("photo.jpg", images.DefaultLimits)
	preset, err := images.FindPreset("minus1to1")
	if err != nil {
		log.Fatal(err)
	}
	x, err := preset.Tensor(picture)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(preset)
	fmt.Println(x.Shape, "black is", x.At(0, 0, 0, 0))
	// Output:
	// minus1to1: shorter side scaled to 342; centre crop 299×299; RGB; levels/255; mean 0.5; std 0.5
	// 1×3×299×299 black is -1
}

func ExamplePreset_ForSize() {
	preset, err := images.FindPreset("imagenet")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(preset.ForSize(images.Square(227)).Output())
	// Output: 227×227
}

func ExampleParseSize() {
	for _, s := range []string{"224", "224x192", "299×299", "224x"} {
		size, err := images.ParseSize(s)
		fmt.Println(size, err)
	}
	// Output:
	// 224×224 <nil>
	// 224×192 <nil>
	// 299×299 <nil>
	// 0×0 "224x" is neither a positive number nor HxW
}

// Any image.Image will do, transparent ones too: alpha is dropped.
func ExampleOpaque() {
	m, err := images.Opaque(image.NewPaletted(image.Rect(0, 0, 2, 1), color.Palette{color.NRGBA{200, 100, 50, 0}}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.RGBAAt(0, 0))
	// Output: {200 100 50 255}
}
