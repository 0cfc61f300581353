package classify_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"log"
	"testing/fstest"

	"inceptiongl/gpu"
	"inceptiongl/inception"
	"inceptiongl/inception/classify"
	"inceptiongl/inception/digits"
)

// The network that ships with this module reads a digit on the GPU.
func ExampleClassifier() {
	ctx := context.Background()
	dev, err := gpu.Open(ctx, gpu.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer dev.Close()
	model, err := classify.Digits() // or classify.LoadModel(ctx, classify.Source{Model: "m.onnx", Labels: "labels.txt"})
	if err != nil {
		log.Fatal(err)
	}
	c, err := classify.New(ctx, model, classify.GPU(dev, inception.Options{}), classify.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	samples, err := digits.Samples()
	if err != nil {
		log.Fatal(err)
	}
	results, err := c.ClassifyEncoded(ctx, bytes.NewReader(samples[10].PNG), bytes.NewReader([]byte("no picture"))) // from any goroutine
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			fmt.Println(r.Err)
			continue
		}
		fmt.Printf("%s: %.2f\n", r.Classes[0].Label, r.Classes[0].Probability)
	}
	// Output:
	// 5: 1.00
	// not a JPEG, PNG, GIF, WebP or BMP image
}

// A model from any file system, and a backend of one's own: here one in plain Go.
func ExampleLoadModelFS() {
	fsys := fstest.MapFS{ // a network that averages red, green and blue
		"average.onnx": {Data: average(1, 3, 227, 227)},
		"labels.txt":   {Data: []byte("red\ngreen\nblue\n")},
	}
	model, err := classify.LoadModelFS(context.Background(), fsys, classify.Source{Model: "average.onnx", Labels: "labels.txt"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(model.Preset)
	c, err := classify.New(context.Background(), model, reference, classify.Options{Top: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	picture := image.NewRGBA(image.Rect(0, 0, 320, 240))
	draw.Draw(picture, picture.Rect, image.NewUniform(color.RGBA{0, 100, 200, 255}), image.Point{}, draw.Src)
	results, err := c.Classify(context.Background(), picture)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(results[0].Classes[0].Label)
	// Output:
	// imagenet, fitted to the model: shorter side scaled to 259; centre crop 227×227; RGB; levels/255; mean of R, G, B 0.485 0.456 0.406; std of R, G, B 0.229 0.224 0.225
	// blue
}
