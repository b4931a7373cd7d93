package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	ours     = "msal"
	theFloor = "floor"
	peer     = "MSAL Go"

	tenant    = "11111111-1111-4111-8111-111111111111"
	authority = "https://login.microsoftonline.com/" + tenant
	host      = "login.microsoftonline.com"
	clientID  = "aaaaaaaa-0000-4000-8000-000000000004"
	userScope = "api://calendar/read"
)

// accessToken is as long as a real one.
func accessToken(i int) string { return strconv.Itoa(i) + "." + strings.Repeat("t", 1200) }

func userID(i int) string { return fmt.Sprintf("%08d-0000-4000-8000-000000000001", i) }

func homeID(i int) string { return userID(i) + "." + tenant }

func appScope(i int) string { return fmt.Sprintf("api://resource-%d/.default", i) }

// content says what a cache holds.
type content struct {
	users bool          // a token for each of size users; else for each of size resources
	more  bool          // each token has more scopes than are asked for
	life  time.Duration // of the access tokens; zero: a day
	aging bool          // they should be refreshed
}

// question is what is asked for the i-th token.
func (c content) question(i int) []string {
	if c.users {
		return []string{userScope}
	}
	return []string{appScope(i)}
}

// questions are made before anything is measured.
func (c content) questions(size int) [][]string {
	list := make([][]string, size)
	for i := range list {
		list[i] = c.question(i)
	}
	return list
}

type entries map[string]map[string]any

// maxUsers is how many users fit into the JSON with all that is known of them.
const maxUsers = 10_000

// json is a cache with size tokens, in the format of the family.
func (c content) json(size int) []byte {
	sections := map[string]entries{"AccessToken": {}, "RefreshToken": {}, "IdToken": {}, "Account": {}, "AppMetadata": {}}
	for i := range size {
		target, home := c.question(i)[0], ""
		if c.more {
			target += " openid profile " + strings.TrimSuffix(target, "default") + "write"
		}
		if c.users {
			home = homeID(i)
			if size <= maxUsers {
				addUser(sections, i)
			}
		}
		sections["AccessToken"][strings.ToLower(home+"-"+host+"-accesstoken-"+clientID+"-"+tenant+"-"+target)] = c.token(i, home, target)
	}
	data, err := json.Marshal(sections)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return data
}

func (c content) token(i int, home, target string) map[string]any {
	now, life := time.Now(), c.life
	if life == 0 {
		life = 24 * time.Hour
	}
	unix := func(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
	t := map[string]any{
		"credential_type": "AccessToken", "secret": accessToken(i), "home_account_id": home, "environment": host,
		"client_id": clientID, "target": target, "realm": tenant, "token_type": "Bearer",
		"cached_at": unix(now.Add(-time.Hour)), "expires_on": unix(now.Add(life)), "extended_expires_on": unix(now.Add(life)),
	}
	if c.aging {
		t["refresh_on"] = unix(now.Add(-time.Minute))
	}
	return t
}

func addUser(sections map[string]entries, i int) {
	home := homeID(i)
	sections["RefreshToken"][home+"-"+host+"-refreshtoken-"+clientID+"--"] = map[string]any{
		"credential_type": "RefreshToken", "secret": "r" + accessToken(i), "home_account_id": home, "environment": host, "client_id": clientID,
		"target": userScope,
	}
	sections["IdToken"][home+"-"+host+"-idtoken-"+clientID+"-"+tenant+"-"] = map[string]any{
		"credential_type": "IdToken", "secret": idToken(i), "home_account_id": home, "environment": host, "client_id": clientID, "realm": tenant,
	}
	sections["Account"][home+"-"+host+"-"+tenant] = map[string]any{
		"home_account_id": home, "environment": host, "realm": tenant, "local_account_id": userID(i), "username": fmt.Sprintf("user%d@contoso.com", i),
		"authority_type": "MSSTS", "client_info": base64.RawURLEncoding.EncodeToString([]byte("{}")),
	}
	sections["AppMetadata"]["appmetadata-"+host+"-"+clientID] = map[string]any{"client_id": clientID, "environment": host}
}
