package authority

import (
	"encoding/json"
	"strings"
)

// Read makes the metadata of a from documents that the developer has: the
// OpenID configuration and, if there is one, the answer of instance discovery,
// which tells aliases. They are checked as if they had been fetched. The error
// is a *MetadataError or an *IssuerError.
func Read(a Authority, configuration, discovery []byte) (*Metadata, error) {
	hostname, _ := cutPort(a.Host)
	aliases := byAlias(hostname).hosts
	if len(discovery) > 0 {
		var answer instanceAnswer
		if err := json.Unmarshal(discovery, &answer); err != nil || answer.Error != "" {
			return nil, &MetadataError{Step: StepInstance, Authority: a.URL, Host: a.Host,
				Problem: "the document that was given is not an answer of instance discovery", Hint: "give the JSON text, or leave it out"}
		}
		if found := answer.aliases(a); found != nil {
			aliases = found
		}
	}
	return parseDocument(a, aliases, configuration)
}

// KnownHost reads the name of a host that the developer vouches for, alone, with
// a port, or as the https URL of an authority. The error is a *URLError.
func KnownHost(raw string) (string, error) {
	whole := raw
	if !strings.Contains(raw, "://") {
		whole = "https://" + raw
	}
	p, err := split(whole)
	if err != nil {
		return "", err
	}
	if whole != raw && p.path != "" {
		return "", p.fail(ReasonPath, "it is neither a host nor a URL", "give the host alone, such as login.example.com")
	}
	return p.host, nil
}
