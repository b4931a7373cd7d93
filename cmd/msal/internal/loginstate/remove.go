package loginstate

import (
	"context"
	"slices"

	"github.com/msal-go/msal/internal/schema"
)

// Which says what to remove: all that has every member that is not empty.
type Which struct {
	HomeAccountIDs []string // whose
	ClientID       string   // of which application
}

func (w Which) home(id string) bool {
	return len(w.HomeAccountIDs) == 0 || slices.Contains(w.HomeAccountIDs, id)
}

func (w Which) client(id string) bool { return w.ClientID == "" || w.ClientID == id }

// Remove removes entries, of all clouds and tenants, and says how many. Accounts
// go with their last token. An empty Which removes nothing.
//
// The library's clients remove the accounts of one cloud, and leave the refresh
// tokens of applications that they are not.
func (s *State) Remove(ctx context.Context, w Which) (Count, error) {
	var gone Count
	if len(w.HomeAccountIDs) == 0 && w.ClientID == "" {
		return gone, nil
	}
	err := s.change(ctx, func(d *schema.Document) { gone = w.removeFrom(d) })
	return gone, err
}

func (w Which) removeFrom(d *schema.Document) (gone Count) {
	touched := map[string]bool{} // whose tokens went
	unwanted := func(isolated, home, client string) bool {
		is := isolated == "" && w.home(home) && w.client(client)
		if is {
			touched[home] = true
		}
		return is
	}
	d.AccessTokens, gone.AccessTokens = without(d.AccessTokens, func(t *schema.AccessToken) bool { return unwanted(t.Isolated, t.HomeAccountID, t.ClientID) })
	d.RefreshTokens, gone.RefreshTokens = without(d.RefreshTokens, func(t *schema.RefreshToken) bool { return unwanted(t.Isolated, t.HomeAccountID, t.ClientID) })
	d.IDTokens, gone.IDTokens = without(d.IDTokens, func(t *schema.IDToken) bool { return unwanted(t.Isolated, t.HomeAccountID, t.ClientID) })
	left := owners(d)
	d.Accounts, gone.Accounts = without(d.Accounts, func(a *schema.Account) bool {
		return w.home(a.HomeAccountID) && (w.ClientID == "" || touched[a.HomeAccountID] && !left[a.HomeAccountID])
	})
	if len(w.HomeAccountIDs) == 0 {
		d.AppMetadata, gone.AppMetadata = without(d.AppMetadata, func(m *schema.AppMetadata) bool { return w.client(m.ClientID) })
	}
	return gone
}

// owners are those of whom there is any token.
func owners(d *schema.Document) map[string]bool {
	homes := map[string]bool{}
	for i := range d.AccessTokens {
		homes[d.AccessTokens[i].HomeAccountID] = true
	}
	for i := range d.RefreshTokens {
		homes[d.RefreshTokens[i].HomeAccountID] = true
	}
	for i := range d.IDTokens {
		homes[d.IDTokens[i].HomeAccountID] = true
	}
	return homes
}

// ForgetLoginOf removes the memory of the last login if it was one of those.
func (s *State) ForgetLoginOf(w Which) error {
	last, err := s.LastLogin()
	if err != nil || last == (Login{}) || !w.home(last.HomeAccountID) || !w.client(last.ClientID) {
		return err
	}
	return s.ForgetLogin()
}

// without removes what is unwanted, and counts it.
func without[T any](list []T, unwanted func(*T) bool) ([]T, int) {
	kept := slices.DeleteFunc(list, func(e T) bool { return unwanted(&e) })
	return kept, len(list) - len(kept)
}
