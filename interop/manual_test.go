package interop

import (
	"os"
	"strings"
	"testing"
)

// commands are those of docs/hardware-keys.md that speak of a program, as
// people read them.
func commands(t *testing.T, program string) string {
	t.Helper()
	manual, err := os.ReadFile("../docs/hardware-keys.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, block := range strings.Split(string(manual), "```") {
		text, isShell := strings.CutPrefix(block, "sh\n")
		if i%2 == 1 && isShell && strings.HasPrefix(text, program+" ") {
			return text
		}
	}
	t.Fatalf("the manual has no commands that begin with %s", program)
	return ""
}
