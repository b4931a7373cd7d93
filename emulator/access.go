package emulator

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/msal-go/msal/emulator/internal/directory"
)

// What an [AccessPolicy] can require. A second factor can be given in the
// browser; nothing that happens there meets the others, since the emulator knows
// no devices.
const (
	// RequireMFA asks for a second factor: AADSTS50076, or AADSTS50079 for people
	// who have none yet; suberror basic_action.
	RequireMFA = string(directory.RequireMFA)
	// RequireCompliantDevice: AADSTS53000, suberror additional_action.
	RequireCompliantDevice = string(directory.RequireCompliant)
	// RequireDeviceAuthentication: AADSTS50155, suberror
	// device_authentication_failed.
	RequireDeviceAuthentication = string(directory.RequireDevice)
	// RequireAppProtection: AADSTS53005, suberror protection_policy_required.
	RequireAppProtection = string(directory.RequireAppProtection)
	// RequireBlock lets nobody through: AADSTS53003, suberror message_only.
	RequireBlock = string(directory.RequireBlock)
)

// AccessPolicy is a rule of Conditional Access, in small: who, using what, has
// to meet which requirement
// (learn.microsoft.com/entra/identity/conditional-access/overview). Where a
// person can be asked, the sign-in pages ask; elsewhere the answer is the
// requirement's error with a claims challenge that names the rule, which an
// interactive request sends back. Several rules add up. The zero value applies
// to everything and requires nothing.
type AccessPolicy struct {
	// ID is the GUID that claims challenges carry (capolids); empty derives one.
	ID string `json:"id,omitempty"`
	// Name is for people. Required.
	Name string `json:"name"`
	// Users are the sign-in names that the rule is about; empty means everybody
	// of the tenant.
	Users []string `json:"users,omitempty"`
	// Resources are client ids or identifier URIs; empty means every resource.
	Resources []string `json:"resources,omitempty"`
	// Clients are client ids; empty means every application.
	Clients []string `json:"clients,omitempty"`
	// Context makes the rule apply only to requests for this authentication
	// context, "c1" to "c99", by the claim acrs. Tokens name the contexts that
	// were asked for and met. Empty means every request.
	Context string `json:"context,omitempty"`
	// Require is one of the Require constants. Empty requires nothing but what
	// MaxAge says.
	Require string `json:"require,omitempty"`
	// MaxAge is the sign-in frequency: how long after a sign-in the person has to
	// sign in again (AADSTS70043, suberror token_expired). Zero means any time. In
	// JSON it is a string such as "12h".
	MaxAge time.Duration `json:"max_age,omitempty"`
}

// accessJSON is an AccessPolicy without methods.
type accessJSON AccessPolicy

// MarshalJSON writes MaxAge as a string.
func (a AccessPolicy) MarshalJSON() ([]byte, error) {
	out := struct {
		accessJSON
		MaxAge string `json:"max_age,omitempty"`
	}{accessJSON: accessJSON(a)}
	if a.MaxAge != 0 {
		out.MaxAge = a.MaxAge.String()
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads MaxAge from a string such as "12h".
func (a *AccessPolicy) UnmarshalJSON(text []byte) error {
	in := struct {
		*accessJSON
		MaxAge string `json:"max_age"`
	}{accessJSON: (*accessJSON)(a)}
	if err := json.Unmarshal(text, &in); err != nil {
		return wrong("access", "must be a list of objects")
	}
	if in.MaxAge == "" {
		return nil
	}
	d, err := time.ParseDuration(in.MaxAge)
	if err != nil {
		return wrong("max_age", `is not a duration such as "12h"`)
	}
	a.MaxAge = d
	return nil
}

// access checks the rules of a tenant.
func (b *builder) access(path, tenantID string, list []AccessPolicy) ([]*directory.Access, error) {
	var out []*directory.Access
	for i, a := range list {
		at := fmt.Sprintf("%s.access[%d]", path, i)
		if a.Name == "" {
			return nil, wrong(at+".name", "is missing")
		}
		id, err := b.id("access", a.ID, at+".id", tenantID, a.Name)
		if err != nil {
			return nil, err
		}
		switch known := []string{"", RequireMFA, RequireCompliantDevice, RequireDeviceAuthentication, RequireAppProtection, RequireBlock}; {
		case !slices.Contains(known, a.Require):
			return nil, wrong(at+".require", "is %q; use one of %s", a.Require, strings.Join(known[1:], ", "))
		case a.Context != "" && !directory.IsContext(a.Context):
			return nil, wrong(at+".context", "is %q; use c1 to c99", a.Context)
		case a.MaxAge < 0:
			return nil, wrong(at+".max_age", "is negative")
		case a.Require == "" && a.MaxAge == 0:
			return nil, wrong(at+".require", "is missing, and there is no max_age either")
		}
		out = append(out, &directory.Access{ID: id, Name: a.Name, Users: a.Users, Resources: a.Resources, Clients: a.Clients, Context: a.Context,
			Require: directory.Requirement(a.Require), MaxAge: a.MaxAge})
	}
	return out, nil
}

// RequireMFA makes a person need a second factor from now on (required), or no
// longer: what an administrator does to a person who is signed in already. Their
// refresh tokens answer AADSTS50076 with a claims challenge until they signed in
// anew. It fails when there is no such person. For rules that hold from the
// start see [AccessPolicy] and [User] RequireMFA.
func (e *Emulator) RequireMFA(upn string, required bool) error {
	if !e.platform.RequireMFA(upn, required) {
		return fmt.Errorf("emulator: there is no user %q to ask for a second factor", upn)
	}
	return nil
}
