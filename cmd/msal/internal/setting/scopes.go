package setting

import (
	"fmt"
	"slices"
	"strings"

	"github.com/msal-go/msal/cmd/msal/internal/exit"
)

// resources are short names of Microsoft's APIs.
var resources = [...]struct{ name, uri string }{
	{"graph", "https://graph.microsoft.com"},
	{"arm", "https://management.azure.com"},
	{"vault", "https://vault.azure.net"},
	{"storage", "https://storage.azure.com"},
	{"devops", "499b84ac-1321-427f-aa17-267ca6975798"},
	{"aks", "6dae42f8-4368-4678-94ff-3960e28e3630"},
	{"sql", "https://database.windows.net"},
	{"kusto", "https://kusto.kusto.windows.net"},
}

// ResourceNames lists the short names, for help and completion.
func ResourceNames() []string {
	names := make([]string, len(resources))
	for i, r := range resources {
		names[i] = r.name
	}
	return names
}

// reserved scopes are always asked for by the library; naming them is no
// mistake.
var reserved = [...]string{"openid", "profile", "offline_access"}

// Scopes puts the scopes of a command together. A resource stands for all that
// the application may do there. A trailing slash of a resource is part of it.
func Scopes(scopes, resourceNames []string) ([]string, error) {
	var all []string
	for _, given := range scopes {
		fields := strings.Fields(given)
		if len(fields) == 0 {
			return nil, &exit.UsageError{Problem: "a scope is empty"}
		}
		for _, s := range fields {
			if !slices.Contains(reserved[:], s) {
				all = append(all, s)
			}
		}
	}
	for _, r := range resourceNames {
		scope, err := resourceScope(r)
		if err != nil {
			return nil, err
		}
		all = append(all, scope)
	}
	return all, nil
}

func resourceScope(r string) (string, error) {
	for _, known := range resources {
		if strings.EqualFold(r, known.name) {
			return known.uri + "/.default", nil
		}
	}
	switch {
	case strings.HasSuffix(r, "/.default"):
		return r, nil
	case r == "" || strings.ContainsAny(r, " \t\r\n"):
		return "", &exit.UsageError{Problem: "a resource is empty or has blanks"}
	case !strings.Contains(r, ":") && strings.Count(r, "-") != 4:
		return "", &exit.UsageError{
			Problem: fmt.Sprintf("%q is not a resource", r),
			Hint:    "use a URI such as api://tasks, an application id, or one of " + strings.Join(ResourceNames(), ", "),
		}
	}
	return r + "/.default", nil
}
