package main

import (
	"inceptiongl/cmd/internal/cli"
	"inceptiongl/inception/classify"
	"inceptiongl/inception/digits"
)

// photo is an image to process.
type photo struct {
	classify.Picture
	want string // the right label; "" where it isn't known
}

// listPhotos finds the files that the arguments mean. What can't be read is a photo whose load fails, so that it is reported in
// its place.
func listPhotos(args []string) ([]photo, error) {
	pictures, err := cli.Photos(args)
	if err != nil {
		return nil, err
	}
	var all []photo
	for _, p := range pictures {
		all = append(all, photo{Picture: p})
	}
	return all, nil
}

// samplePhotos are the digits that ship with the network.
func samplePhotos() ([]photo, error) {
	samples, err := digits.Samples()
	if err != nil {
		return nil, err
	}
	var all []photo
	for _, s := range samples {
		all = append(all, photo{classify.PictureEncoded(s.Name, s.PNG), digits.Labels()[s.Label]})
	}
	return all, nil
}
