package interop

import (
	"crypto/x509"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// The same flow, played by our client and by the official ones, is the same
// flow on the wire: what our client sends is what the others send, except for
// what testdata/differences.json allows, with its cause.
//
// The others are MSAL Go and MSAL Node as they are released, and MSAL Python as
// it was recorded (testdata/transcripts, rewritten as data; see doc.go).

func TestOurClientSendsWhatMSALGoSends(t *testing.T) {
	t.Parallel()
	cert := appCertificate(t)
	flows := map[string]stranger{}
	for name, play := range msalGoFlows(cert) {
		flows[name] = func(t *testing.T, sc scenario) []message { return perform(t, msalGo, sc, play) }
	}
	differential(t, "msal-go", cert, flows)
}

func TestOurClientSendsWhatMSALNodeSends(t *testing.T) {
	t.Parallel()
	cert := appCertificate(t)
	process := startMSALNode(t, cert)
	flows := map[string]stranger{}
	for _, name := range nodeFlows {
		flows[name] = func(t *testing.T, sc scenario) []message {
			return perform(t, msalNode, sc, func(t *testing.T, s *stage) error { return process.play(t, s, name) })
		}
	}
	differential(t, "msal-node", cert, flows)
}

func TestOurClientSendsWhatMSALPythonSends(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the transcripts were recorded on Linux, which they say in x-client-os")
	}
	flows := map[string]stranger{}
	for name, recorded := range readTranscript(t, "msal-python-1.31.json") {
		flows[name] = func(*testing.T, scenario) []message { return recorded }
	}
	differential(t, "msal-python", appCertificate(t), flows)
}

// stranger plays a flow with another client than ours, and returns what that
// sent.
type stranger func(*testing.T, scenario) []message

// differential plays all flows that a stranger has.
func differential(t *testing.T, client string, cert *x509.Certificate, flows map[string]stranger) {
	list := readAllowList(t)
	for _, sc := range scenarios(cert) {
		theirs, ok := flows[sc.name]
		if !ok {
			continue
		}
		delete(flows, sc.name)
		t.Run(sc.name, func(t *testing.T) {
			found := differences(perform(t, ours, sc, sc.ours), theirs(t, sc))
			for _, d := range list.unexplained(client, sc.name, found) {
				t.Errorf("we differ from %s: %v", client, allowed{Client: client, Flows: []string{sc.name}, difference: d, Cause: "?"})
			}
		})
	}
	for flow := range flows {
		t.Errorf("our client does not play the flow %q of %s", flow, client)
	}
	for _, e := range list.unused(client) {
		t.Errorf("differences.json has an entry that is not needed: %v", e)
	}
}

// perform plays a flow on a stage of its own, and returns what was sent.
func perform(t *testing.T, who client, sc scenario, play func(*testing.T, *stage) error) []message {
	t.Helper()
	s := startStage(t, who, sc.actor(t), sc.change...)
	s.prepare(t, sc.name)
	if err := play(t, s); err != nil {
		t.Fatalf("the flow of %v fails: %v", who, err)
	}
	return normalized(s.sent(), s.actor.names())
}

// readTranscript reads what a client sent that cannot be run here.
func readTranscript(t *testing.T, name string) map[string][]message {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "transcripts", name))
	if err != nil {
		t.Fatal(err)
	}
	var flows map[string][]struct {
		Method, Host, Path  string
		Query, Header, Form [][2]string
	}
	if err := json.Unmarshal(raw, &flows); err != nil {
		t.Fatal(err)
	}
	asPairs := func(list [][2]string) []pair {
		var out []pair
		for _, p := range list {
			out = append(out, pair{p[0], p[1]})
		}
		return out
	}
	out := map[string][]message{}
	for flow, requests := range flows {
		for _, r := range requests {
			q := request{r.Method, r.Host, r.Path, asPairs(r.Query), asPairs(r.Header), asPairs(r.Form)}
			out[flow] = append(out[flow], normalized([]request{q}, cast{}.names())...)
		}
	}
	return out
}
