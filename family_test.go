package msal_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// A client that was never seen tries the family's token once; from its own
// sign-in on, it is known to be a stranger, and keeps to its own tokens.
func TestStrangersToAFamilyTryItsTokenOnlyWhileNothingIsKnown(t *testing.T) {
	w := newWorld(t)
	cache := msal.NewTokenCache(msal.CacheOptions{})
	client := func(id string) *msal.PublicClient {
		c, err := msal.NewPublicClient(id, w.options(func(o *msal.Options) { o.Cache = cache }))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	member, stranger := client(emulator.FamilyClientID), client(emulator.DesktopClientID)
	res, err := member.AcquireTokenInteractive(t.Context(), interactive(w, alice))
	if err != nil {
		t.Fatal(err)
	}
	before := w.wire.tokens()
	_, err = stranger.AcquireTokenSilent(t.Context(), silent(res.Account))
	wantError(t, err, msal.ErrInteractionRequired)
	if asked := w.wire.tokens() - before; asked != 1 {
		t.Errorf("an unknown client sent %d requests, want one try of the family's token", asked)
	}

	if _, err := stranger.AcquireTokenInteractive(t.Context(), interactive(w, alice)); err != nil {
		t.Fatal(err)
	}
	before = w.wire.tokens()
	again := msal.SilentRequest{Scopes: []string{"User.Read"}, Account: res.Account} // not what is remembered as refused
	if _, err := stranger.AcquireTokenSilent(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	if asked := w.wire.tokens() - before; asked != 1 {
		t.Errorf("a known stranger sent %d requests, want one, by its own token", asked)
	}

	if _, err := member.AcquireTokenSilent(t.Context(), again); err != nil {
		t.Errorf("the stranger's try cost the family its token: %v", err)
	}
	if _, err := client(emulator.SecondFamilyClientID).AcquireTokenSilent(t.Context(), silent(res.Account)); err != nil {
		t.Errorf("the stranger's try cost the family its token: %v", err)
	}
	known, err := cache.Find(t.Context(), msal.CacheQuery{Type: msal.CacheAppMetadata, ClientID: emulator.SecondFamilyClientID})
	if err != nil || len(known) != 1 || known[0].FamilyID != "1" {
		t.Errorf("of the second member the cache knows %+v, %v; want its family", known, err)
	}
}

// What a family's token meets decides for its members: a refusal is theirs to
// know, and an outage is no reason to bother the person.
func TestFailuresOfTheFamilysTokenReachItsMembers(t *testing.T) {
	w := newWorld(t)
	cache := msal.NewTokenCache(msal.CacheOptions{})
	client := func(id string) *msal.PublicClient {
		c, err := msal.NewPublicClient(id, w.options(func(o *msal.Options) { o.Cache = cache }))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	res, err := client(emulator.FamilyClientID).AcquireTokenInteractive(t.Context(), interactive(w, alice))
	if err != nil {
		t.Fatal(err)
	}
	second := client(emulator.SecondFamilyClientID)
	outage := emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Times: 1, Status: 503, Body: "down"}
	w.Emulator().Inject(outage)
	_, err = second.AcquireTokenSilent(t.Context(), silent(res.Account))
	wantError(t, err, msal.ErrTransient)
	if errors.Is(err, msal.ErrInteractionRequired) {
		t.Errorf("an outage asks a member that was never seen for the person: %v", err)
	}
	second = client(emulator.SecondFamilyClientID) // that remembers no outage
	if _, err := second.AcquireTokenSilent(t.Context(), silent(res.Account)); err != nil {
		t.Fatal(err)
	}
	w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Times: 1, Status: 400,
		Body: `{"error":"invalid_grant","suberror":"basic_action"}`, ContentType: "application/json"})
	_, err = second.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{"User.Read"}, Account: res.Account})
	var refused *msal.Error
	if !errors.As(err, &refused) || refused.Classification() != "basic_action" {
		t.Errorf("got %v, want the service's refusal of the family's token", err)
	}
}

// The service says that a token of the family is not for this client: then none
// of them is, and a client that was never seen tries no more.
func TestUnknownClientStopsAtTheFirstTokenOfAnotherClient(t *testing.T) {
	w := newWorld(t)
	cache := msal.NewTokenCache(msal.CacheOptions{})
	member, err := msal.NewPublicClient(emulator.FamilyClientID, w.options(func(o *msal.Options) { o.Cache = cache }))
	if err != nil {
		t.Fatal(err)
	}
	res, err := member.AcquireTokenInteractive(t.Context(), interactive(w, alice))
	if err != nil {
		t.Fatal(err)
	}
	second := cacheEvent(t, res, emulator.SecondFamilyClientID) // another token of the family
	if err := cache.Add(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	stranger, err := msal.NewPublicClient(emulator.DesktopClientID, w.options(func(o *msal.Options) { o.Cache = cache }))
	if err != nil {
		t.Fatal(err)
	}
	w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Times: 2, Status: 400,
		Body: `{"error":"invalid_grant","suberror":"client_mismatch"}`, ContentType: "application/json"})
	before := w.wire.tokens()
	_, err = stranger.AcquireTokenSilent(t.Context(), silent(res.Account))
	wantError(t, err, msal.ErrInteractionRequired)
	if asked := w.wire.tokens() - before; asked != 1 {
		t.Errorf("%d requests, want one: the family's tokens are all for others", asked)
	}
}

// cacheEvent is a second sign-in of the same person, with a refresh token that
// serves the family.
func cacheEvent(t *testing.T, r msal.Result, clientID string) msal.TokenEvent {
	t.Helper()
	uid, utid, ok := strings.Cut(r.Account.HomeAccountID, ".")
	info, err := json.Marshal(map[string]string{"uid": uid, "utid": utid})
	if err != nil || !ok {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]string{
		"refresh_token": "1.another", "foci": "1", "scope": emulator.TasksReadScope,
		"client_info": base64.RawURLEncoding.EncodeToString(info),
	})
	if err != nil {
		t.Fatal(err)
	}
	return msal.TokenEvent{ClientID: clientID, TokenEndpoint: "https://" + r.Account.Environment + "/" + r.Account.Realm + "/oauth2/v2.0/token",
		GrantType: "authorization_code", Response: body}
}
