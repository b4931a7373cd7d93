package cloudshell

import (
	"net/url"
	"slices"
	"strings"
)

// asTheyAre are the audiences that the shell takes in this form only.
var asTheyAre = [...]string{
	"https://analysis.windows.net/powerbi/api",
	"https://pas.windows.net/CheckMyAccess/Linux/.default",
}

// Resources are the resources that scopes belong to, each once, in the order of
// the scopes. The shell knows resources only, as the version 1 endpoint does.
func Resources(scopes []string) []string {
	var out []string
	for _, s := range scopes {
		if r := resource(s); !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

func resource(scope string) string {
	for _, known := range asTheyAre {
		if strings.HasPrefix(scope, known) {
			return known
		}
	}
	u, err := url.Parse(scope)
	switch {
	case err != nil:
		return scope
	case u.Scheme != "" && u.Host != "":
		slash := ""
		if strings.HasPrefix(u.Path, "//") { // the resource's own name ends in a slash
			slash = "/"
		}
		return u.Scheme + "://" + u.Host + slash
	case u.Scheme == "" && u.Host == "": // a client id and a permission
		id, _, _ := strings.Cut(u.Path, "/")
		return id
	}
	return scope
}
