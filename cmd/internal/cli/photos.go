package cli

import (
	"fmt"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"inceptiongl/inception/classify"
)

// Photos finds the files that the arguments mean: a folder stands for all in it, and below it, that have an image's
// extension. What can't be read is a picture whose load fails, so that it is reported in its place.
func Photos(args []string) ([]classify.Picture, error) {
	var all []classify.Picture
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

func folder(root string) []classify.Picture {
	var all []classify.Picture
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

func file(path string) classify.Picture {
	return classify.PictureFile(path)
}

func broken(name string, err error) classify.Picture {
	return classify.Picture{Name: name, Load: func() (image.Image, error) { return nil, err }}
}

// Printable is a file's name, quoted where it holds what a terminal would act on, or can't show.
func Printable(name string) string {
	acts := func(r rune) bool { return !strconv.IsPrint(r) }
	if !utf8.ValidString(name) || strings.ContainsFunc(name, acts) {
		return strconv.Quote(name)
	}
	return name
}
