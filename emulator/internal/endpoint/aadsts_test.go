package endpoint

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestErrorCatalogIsSound(t *testing.T) {
	t.Parallel()
	table, err := ParseTable()
	if err != nil {
		t.Fatal(err)
	}
	known := []string{"invalid_request", "invalid_grant", "invalid_client", "invalid_scope", "invalid_resource", "invalid_instance", "unauthorized_client",
		"unsupported_grant_type", "unsupported_response_type", "access_denied", "login_required", "interaction_required", "temporarily_unavailable",
		"authorization_pending", "slow_down", "authorization_declined", "expired_token", "bad_verification_code", "server_error"}
	own := 0
	for name, row := range table {
		if row.Name != name || row.Text == "" || row.Code < 10000 || !slices.Contains(known, row.Kind) {
			t.Errorf("incomplete: %+v", row)
		}
		if !slices.Contains([]int{400, 401, 429, 500, 503}, row.Status) || (row.Kind == "invalid_client") != (row.Status == 401) {
			t.Errorf("%s: status %d for %s", name, row.Status, row.Kind)
		}
		if !strings.HasPrefix(name, "AADSTS") {
			own++
		}
	}
	if own < 60 {
		t.Errorf("only %d rows are the emulator's own", own)
	}
}

var (
	failCall    = regexp.MustCompile(`p\.fail\("(\w+)"((?:, "\w+", [^,()]+(?:\([^()]*\))?[^,()]*)*)`)
	pairName    = regexp.MustCompile(`, "(\w+)", `)
	placeholder = regexp.MustCompile(`\{(\w+)\}`)
)

// TestEveryErrorThatTheCodeUsesIsInTheCatalog reads the sources, so that
// neither a misspelled name nor a forgotten placeholder shows up in an answer.
func TestEveryErrorThatTheCodeUsesIsInTheCatalog(t *testing.T) {
	t.Parallel()
	table, err := ParseTable()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	used := 0
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range failCall.FindAllStringSubmatch(string(source), -1) {
			used++
			row, ok := table[call[1]]
			if !ok {
				t.Errorf("%s uses %s, which is not in the catalog", file, call[1])
			}
			var given []string
			for _, pair := range pairName.FindAllStringSubmatch(call[2], -1) {
				given = append(given, pair[1])
			}
			for _, want := range placeholder.FindAllStringSubmatch(row.Text, -1) {
				if !slices.Contains(given, want[1]) {
					t.Errorf("%s: %s is called without %q", file, call[1], want[1])
				}
			}
		}
	}
	if used < 80 {
		t.Errorf("only %d uses were found", used)
	}
}

func TestByCodeIsStable(t *testing.T) {
	t.Parallel()
	table, err := ParseTable()
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if e, ok := table.ByCode(70000); !ok || e.Name != "GrantMalformed" {
			t.Fatalf("70000 is %q", e.Name)
		}
	}
	if _, ok := table.ByCode(1); ok {
		t.Error("1 was found")
	}
}
