package main

import "testing"

// TestEntries: every entry fits the code, so that changing it without bringing the entries up to date shows at once.
func TestEntries(t *testing.T) {
	list := all()
	if err := check("../../..", list); err != nil {
		t.Error(err)
	}
	t.Logf("%d mutants", len(list))
	if len(list) < 50 {
		t.Errorf("%d mutants", len(list))
	}
}
