package wstrust

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/msal-go/msal/internal/httpcache"
	"github.com/msal-go/msal/internal/httpx"
)

// Realm says how the people of a domain sign in.
type Realm struct {
	Federated   bool   // at an identity provider of their own
	MetadataURL string // the provider's metadata; may be empty
	ActiveURL   string // the provider's endpoint for user names and passwords; may be empty
	Audience    string // URN of the cloud, for which assertions are meant; empty means the global one
}

// NoRealmError reports a host that has no user realm endpoint (HTTP 404). Its
// people sign in at the host itself.
type NoRealmError struct {
	Host string
}

func (e *NoRealmError) Error() string { return e.Host + " has no user realm endpoint" }

// Realm asks the service at host, which may have a port, how a person signs in.
//
// Errors: *NoRealmError, *TextError, *DocumentError, and those of
// httpx.Client.Get.
func (c *Client) Realm(ctx context.Context, host, username, correlationID string) (Realm, error) {
	if username == "." || username == ".." { // would change the path
		return Realm{}, &TextError{Field: "user name"}
	}
	target := "https://" + host + "/common/userrealm/" + url.PathEscape(username) + "?api-version=1.0"
	key := httpcache.KeyOf("realm", target)
	var known Realm
	if c.recall(key, &known) {
		return known, nil
	}
	header := http.Header{}
	header.Set("Accept", "application/json")
	if !strings.ContainsFunc(correlationID, unicode.IsControl) { // as the token request does
		header.Set(httpx.CorrelationHeader, correlationID)
	}
	res, err := c.HTTP.Get(ctx, target, header)
	if err != nil {
		return Realm{}, err
	}
	switch {
	case res.Status == http.StatusNotFound:
		return Realm{}, &NoRealmError{Host: host}
	case res.Status != http.StatusOK:
		return Realm{}, &DocumentError{Document: UserRealm, Host: host, Status: res.Status, Problem: ProblemStatus}
	}
	realm, err := parseRealm(res.Body)
	if err == nil && realm.usable() {
		c.remember(key, realm)
	}
	return realm, located(err, host, res.Status)
}

// parseRealm reads version 1.0 of the answer. Account types other than
// Federated, such as Managed and Unknown, sign in at the service.
func parseRealm(body []byte) (Realm, error) {
	var answer *struct {
		Kind     string `json:"account_type"`
		Metadata string `json:"federation_metadata_url"`
		Active   string `json:"federation_active_auth_url"`
		Audience string `json:"cloud_audience_urn"`
	}
	if json.Unmarshal(body, &answer) != nil || answer == nil {
		return Realm{}, &DocumentError{Document: UserRealm, Problem: ProblemNotJSON}
	}
	return Realm{
		Federated:   strings.EqualFold(answer.Kind, "Federated"),
		MetadataURL: answer.Metadata,
		ActiveURL:   answer.Active,
		Audience:    answer.Audience,
	}, nil
}
