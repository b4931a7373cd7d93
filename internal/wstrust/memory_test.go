package wstrust

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/msal-go/msal/internal/httpcache"
	"github.com/msal-go/msal/internal/httpx"
)

// provider is an identity provider that may move its endpoint.
type provider struct {
	metadata string
	answers  map[string]string // by path; what is not there is 404
	asked    []string
}

func (p *provider) RoundTrip(r *http.Request) (*http.Response, error) {
	p.asked = append(p.asked, r.URL.Path)
	w := httptest.NewRecorder()
	switch body, ok := p.answers[r.URL.Path]; {
	case r.URL.Path == "/mex":
		_, _ = io.WriteString(w, p.metadata)
	case ok:
		_, _ = io.WriteString(w, body)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
	return w.Result(), nil
}

func TestEndpointThatNoLongerAnswersIsForgotten(t *testing.T) {
	t.Parallel()
	granted := string(read(t, "response/trust13-saml11.xml"))
	fault := string(read(t, "response/fault12.xml"))
	p := &provider{metadata: string(read(t, "mex/both-versions.xml")), answers: map[string]string{"/trust/13/usernamemixed": granted}}
	c := Client{HTTP: httpx.New(httpx.Config{HTTP: &http.Client{Transport: p}}), Memory: new(httpcache.Section)}
	sign := func() error {
		_, err := c.Assertion(t.Context(), Realm{Federated: true, MetadataURL: "https://sts.example.com/mex", Audience: "urn:federation:MicrosoftOnline"},
			Credentials{Username: "alice@example.com", Password: secret})
		return err
	}
	want := func(asked ...string) {
		t.Helper()
		if !slices.Equal(p.asked, asked) {
			t.Errorf("asked %q, want %q", p.asked, asked)
		}
		p.asked = nil
	}
	for range 2 {
		if err := sign(); err != nil {
			t.Fatal(err)
		}
	}
	want("/mex", "/trust/13/usernamemixed", "/trust/13/usernamemixed")
	p.answers["/trust/13/usernamemixed"] = fault // a wrong password is no reason
	var refused *Fault
	for range 2 {
		if err := sign(); !errors.As(err, &refused) {
			t.Fatalf("got %v", err)
		}
	}
	want("/trust/13/usernamemixed", "/trust/13/usernamemixed")
	p.metadata = strings.ReplaceAll(p.metadata, "/trust/13/", "/moved/13/")
	p.answers = map[string]string{"/moved/13/usernamemixed": granted}
	if sign() == nil {
		t.Error("nobody answered, and yet there is an assertion")
	}
	if err := sign(); err != nil {
		t.Errorf("the metadata was not asked again: %v", err)
	}
	want("/trust/13/usernamemixed", "/mex", "/moved/13/usernamemixed")
}
