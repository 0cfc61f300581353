package main

import (
	"bytes"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"inceptiongl/inception/classify"
	"inceptiongl/inception/digits"
	"inceptiongl/inception/images"
)

// photo is an image to process.
type photo struct {
	classify.Picture
	want string // the right label; "" where it isn't known
}

// listPhotos finds the files that the arguments mean: a folder stands for all in it, and below it, that have an image's
// extension. What can't be read is a photo whose load fails, so that it is reported in its place.
func listPhotos(args []string) ([]photo, error) {
	var all []photo
	for _, arg := range args {
		info, err := os.Stat(arg)
		switch {
		case err != nil:
			all = append(all, broken(arg, err))
		case info.IsDir():
			all = append(all, folder(arg)...)
		default:
			all = append(all, file(arg))
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no photos in %s: looked for files named .jpg, .jpeg, .png, .webp, .gif, .bmp", strings.Join(args, ", "))
	}
	return all, nil
}

func folder(root string) []photo {
	var all []photo
	// DirFS, for a root that is a symbolic link. The error of a folder is reported, and the walk goes on beside it.
	_ = fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		name := filepath.Join(root, filepath.FromSlash(path))
		if err != nil {
			all = append(all, broken(name, err))
			return nil
		}
		switch strings.ToLower(filepath.Ext(path)) {
		case ".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp":
			if !d.IsDir() {
				all = append(all, file(name))
			}
		}
		return nil
	})
	return all
}

func file(path string) photo {
	return photo{Picture: classify.Picture{Name: path, Load: func() (image.Image, error) { return images.Load(path, images.DefaultLimits) }}}
}

func broken(name string, err error) photo {
	return photo{Picture: classify.Picture{Name: name, Load: func() (image.Image, error) { return nil, err }}}
}

// samplePhotos are the digits that ship with the network.
func samplePhotos() ([]photo, error) {
	samples, err := digits.Samples()
	if err != nil {
		return nil, err
	}
	var all []photo
	for _, s := range samples {
		load := func() (image.Image, error) { return images.Decode(bytes.NewReader(s.PNG), images.DefaultLimits) }
		all = append(all, photo{classify.Picture{Name: s.Name, Load: load}, digits.Labels()[s.Label]})
	}
	return all, nil
}

// printable is a file's name, quoted where it holds what a terminal would act on.
func printable(name string) string {
	for _, r := range name {
		if !strconv.IsPrint(r) {
			return strconv.Quote(name)
		}
	}
	return name
}

// writable reports, before a long run, a file that can't be written after it.
func writable(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s: is a folder", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return fmt.Errorf("%s: can't be written: %w", path, err)
	}
	f.Close()
	return os.Remove(f.Name())
}
