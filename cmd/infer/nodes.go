package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"inceptiongl/inception/graph"
)

// findNode is the node of that name. The error lists names that are like it.
func findNode(g *graph.Graph, name string) (graph.Value, error) {
	var all []string
	for i, n := range g.Nodes {
		if n.Name == name {
			return graph.Value(i), nil
		}
		all = append(all, n.Name)
	}
	const most = 8
	slices.SortStableFunc(all, func(a, b string) int { return cmp.Compare(unlike(name, a), unlike(name, b)) })
	more := ""
	if len(all) > most {
		more = fmt.Sprintf(" and %d more", len(all)-most)
		all = all[:most]
	}
	return 0, fmt.Errorf("the network has no node %q; nearest are %s%s", name, strings.Join(all, ", "), more)
}

// unlike orders names by how they differ from the given one: the edit distance, where what is only left out counts little.
func unlike(given, name string) int {
	d := editDistance(strings.ToLower(given), strings.ToLower(name))
	if given != "" && strings.Contains(strings.ToLower(name), strings.ToLower(given)) {
		d -= len(name)
	}
	return d
}

// editDistance is Levenshtein's: how many bytes to insert, delete or change.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
