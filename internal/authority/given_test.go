package authority

import (
	"errors"
	"slices"
	"testing"
)

func TestGivenMetadataCostsNoRequest(t *testing.T) {
	t.Parallel()
	a := mustParse(t, "https://private.example:8443/contoso")
	m, err := Read(a, []byte(configuration("private.example:8443", guid)), []byte(instanceOK))
	if err != nil {
		t.Fatal(err)
	}
	n := &internet{}
	got, err := n.resolver(Options{Given: map[Authority]*Metadata{a: m}}).Resolve(t.Context(), a)
	if err != nil || got != m || len(n.requests()) != 0 {
		t.Errorf("got %+v, %v, requests %q", got, err, n.requests())
	}
	if want := []string{"private.example:8443", "sts.private.example", "private.example"}; !slices.Equal(m.Environments, want) {
		t.Errorf("environments %q, want %q", m.Environments, want)
	}
	if got := n.resolver(Options{Given: map[Authority]*Metadata{a: m}}).Environments(a); !slices.Equal(got, m.Environments) {
		t.Errorf("without a request: %q", got)
	}
	if got := n.resolver(Options{}).Environments(a); len(got) != 2 {
		t.Errorf("of an authority that nothing is known of: %q", got)
	}
	if m, err := Read(a, []byte(configuration("private.example:8443", guid)), nil); err != nil || len(m.Environments) != 2 {
		t.Errorf("without instance discovery: %+v, %v", m, err)
	}
}

func TestGivenMetadataIsCheckedLikeFetchedMetadata(t *testing.T) {
	t.Parallel()
	a := mustParse(t, "https://private.example/t")
	good := configuration("private.example", "t")
	var metadata *MetadataError
	var issuer *IssuerError
	for _, c := range []struct {
		name, configuration, discovery string
		want                           any
	}{
		{"nothing", "", "", &metadata},
		{"not JSON", "<html>", "", &metadata},
		{"another issuer", configuration("evil.example", "t"), "", &issuer},
		{"no endpoints", `{"issuer":"https://private.example/t"}`, "", &metadata},
		{"discovery that is not JSON", good, "<html>", &metadata},
		{"discovery that is an error", good, `{"error":"invalid_instance"}`, &metadata},
	} {
		if m, err := Read(a, []byte(c.configuration), []byte(c.discovery)); m != nil || !errors.As(err, c.want) {
			t.Errorf("%s: %+v, %v; want a %T", c.name, m, err, c.want)
		}
	}
}

func TestKnownHosts(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"Login.Example": "login.example", "login.example:8443": "login.example:8443", "login.example:443": "login.example",
		"https://login.example/contoso": "login.example", "[::1]:8443": "[::1]:8443", "127.0.0.1": "127.0.0.1",
	} {
		if got, err := KnownHost(raw); err != nil || got != want {
			t.Errorf("KnownHost(%q) = %q, %v; want %q", raw, got, err, want)
		}
	}
	for raw, reason := range map[string]Reason{
		"": ReasonHost, "http://login.example": ReasonScheme, "login.example/contoso": ReasonPath, "a b": ReasonMalformed,
		"user@login.example": ReasonUserinfo, "login.example?x": ReasonQuery, "*.example": ReasonHost, "login.example:0": ReasonPort,
	} {
		got, err := KnownHost(raw)
		var bad *URLError
		if got != "" || !errors.As(err, &bad) || bad.Reason != reason || bad.Hint == "" {
			t.Errorf("KnownHost(%q) = %q, %v; want its %s refused with a hint", raw, got, err, reason)
		}
	}
}
