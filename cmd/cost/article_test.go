package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"inceptiongl/cmd/internal/article"
)

// TestArticleFormats: JSON, CSV and Markdown hold what article computes.
func TestArticleFormats(t *testing.T) {
	all, err := article.Recompute(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	want := claims(all)
	var got claims
	if err := json.Unmarshal([]byte(output(t, flags{Article: true, JSON: true})), &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("JSON: %+v, %v", got, err)
	}
	records, err := csv.NewReader(strings.NewReader(output(t, flags{Article: true, CSV: true}))).ReadAll()
	if err != nil || !reflect.DeepEqual(records, want.records()) {
		t.Errorf("CSV: %v, %v", records, err)
	}
	rows := tables(t, output(t, flags{Article: true, Markdown: true}))
	text := output(t, flags{Article: true})
	if !strings.HasPrefix(text, "The article's 6 claims, recomputed: 2 right; 3 right, but; 1 wrong\n") {
		t.Errorf("the text begins with %q", text[:80])
	}
	for _, c := range want {
		for _, f := range c.Figures {
			if len(rows) == 0 || rows[0]["recomputed"] != escape(f.Recomputed) || rows[0]["article"] != dash(f.Article) || rows[0]["formula"] != escape(f.Formula) {
				t.Fatalf("Markdown lacks %+v at %v", f, rows[:min(1, len(rows))])
			}
			rows = rows[1:]
			if !strings.Contains(text, f.Formula) {
				t.Errorf("the text lacks %q", f.Formula)
			}
		}
	}
	for _, line := range strings.Split(text, "\n") {
		if len([]rune(line)) > 120 {
			t.Errorf("a line of %d characters: %s", len([]rune(line)), line)
		}
	}
}
