package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// service is the least identity platform that all subjects accept, in this
// process: what is measured is the client.
type service struct {
	latency time.Duration
	tokens  atomic.Int64 // token requests answered
	total   atomic.Int64 // requests answered
}

// client sends everything to the service.
func (s *service) client() *http.Client { return &http.Client{Transport: s} }

// RoundTrip answers one request.
func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	user := false
	if r.Body != nil {
		sent, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			return nil, err
		}
		r.Body.Close()
		user = !bytes.Contains(sent, []byte("grant_type=client_credentials"))
	}
	s.total.Add(1)
	var body any
	switch {
	case strings.HasSuffix(r.URL.Path, "/discovery/instance"):
		body = map[string]any{
			"tenant_discovery_endpoint": authority + "/v2.0/.well-known/openid-configuration",
			"metadata": []any{map[string]any{"preferred_network": "login.microsoftonline.com", "preferred_cache": "login.windows.net",
				"aliases": []string{"login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"}}},
		}
	case strings.HasSuffix(r.URL.Path, "/openid-configuration"):
		body = map[string]string{"issuer": authority + "/v2.0", "authorization_endpoint": authority + "/oauth2/v2.0/authorize",
			"token_endpoint": authority + "/oauth2/v2.0/token"}
	case strings.HasSuffix(r.URL.Path, "/token"):
		n := s.tokens.Add(1)
		select {
		case <-time.After(s.latency):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
		body = answer(int(n), user)
	default:
		return nil, fmt.Errorf("unexpected request to %s", r.URL.Path)
	}
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(data)),
		ContentLength: int64(len(data)), Request: r}, nil
}

// answer is a token response, in the form of a document.
func answer(n int, user bool) map[string]any {
	body := map[string]any{"token_type": "Bearer", "expires_in": 86399, "ext_expires_in": 86399, "access_token": accessToken(n)}
	if user {
		body["scope"], body["refresh_token"], body["id_token"] = "openid profile "+userScope, "r"+accessToken(n), idToken(0)
		body["client_info"] = base64.RawURLEncoding.EncodeToString([]byte(`{"uid":"` + userID(0) + `","utid":"` + tenant + `"}`))
	}
	return body
}

// idToken is one that nobody signed, which is fine on the way from the service.
func idToken(i int) string {
	now := time.Now().Unix()
	claims := fmt.Sprintf(`{"iss":%q,"aud":%q,"exp":%d,"iat":%d,"nbf":%d,"oid":%q,"sub":"s%d","tid":%q,"preferred_username":"user%d@contoso.com","ver":"2.0"}`,
		authority+"/v2.0", clientID, now+86400, now, now, userID(i), i, tenant, i)
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + part([]byte(claims)) + "." + part(make([]byte, 256))
}

// post is the floor's token request.
func post(ctx context.Context, client *http.Client, grant string, scopes []string) (string, time.Duration, error) {
	form := url.Values{"client_id": {clientID}, "client_secret": {"s"}, "grant_type": {grant}, "scope": {strings.Join(scopes, " ")}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, authority+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", 0, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := client.Do(req)
	if err != nil {
		return "", 0, err
	}
	defer resp.Body.Close()
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer)
	return answer.AccessToken, time.Duration(answer.ExpiresIn) * time.Second, err
}
