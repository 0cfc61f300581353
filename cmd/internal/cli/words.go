package cli

import "strings"

// Words is an error of the library in a program's words, for people who can't set Options. shape is how they give the input's extents.
func Words(text, shape string) string {
	return strings.NewReplacer(
		"Options.Dims", shape,
		" (Options.Bind gives inputs fixed values)", ". This program takes models of one input: make constants of the others in the file, as initializers",
		". Options.Outputs can name values before that node", ": export the network up to that node",
		" (Options.Memory)", "",
	).Replace(text)
}
