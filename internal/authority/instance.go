package authority

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// discoveryHost answers for the hosts of all clouds.
const discoveryHost = "login.microsoftonline.com"

// instance is what instance discovery says about a host.
type instance struct {
	configuration string   // URL of the tenant's OpenID configuration
	aliases       []string // hosts that answer for each other, lower-case
}

// instanceAnswer is the document of instance discovery, api-version 1.1. It may
// come with any status.
//
// preferred_network and preferred_cache are ignored, as in MSAL Python: the host
// that the developer typed is used on the wire and in the cache.
type instanceAnswer struct {
	Error                   string `json:"error"`
	TenantDiscoveryEndpoint string `json:"tenant_discovery_endpoint"`
	Metadata                []struct {
		Aliases []string `json:"aliases"`
	} `json:"metadata"`
}

// instance asks Microsoft whether the host of a is one of theirs.
func (r *Resolver) instance(ctx context.Context, a Authority, get getter) (instance, error) {
	where := "https://" + discoveryHost + "/common/discovery/instance?authorization_endpoint=" +
		url.QueryEscape(a.URL+"/oauth2/v2.0/authorize") + "&api-version=1.1"
	res, err := get(ctx, where)
	if err != nil {
		return instance{}, &MetadataError{Step: StepInstance, Authority: a.URL, Host: discoveryHost, Err: err,
			Hint: "if " + discoveryHost + " cannot be reached from here and you trust the host, switch instance discovery off"}
	}
	var answer instanceAnswer
	if err := json.Unmarshal(res.Body, &answer); err != nil {
		return instance{}, refused(StepInstance, a, discoveryHost, res)
	}
	if answer.Error == "invalid_instance" {
		return instance{}, &UnknownHostError{Authority: a.URL, Host: a.Host}
	}
	if res.Status != 200 || answer.Error != "" {
		return instance{}, refused(StepInstance, a, discoveryHost, res)
	}
	return answer.check(a)
}

// check makes sure that the answer is about a: instance discovery must not be
// able to send the client to another host or tenant.
func (answer instanceAnswer) check(a Authority) (instance, error) {
	i := instance{configuration: answer.TenantDiscoveryEndpoint, aliases: answer.aliases(a)}
	problem := ""
	switch host, ok := endpointHost(i.configuration); {
	case i.configuration == "":
		problem = "the answer has no tenant_discovery_endpoint"
	case !ok:
		problem = "its tenant_discovery_endpoint is not an https URL"
	case !sameService(a.Host, i.aliases, host):
		problem = "its tenant_discovery_endpoint is on " + quoted(host) + ", which is not the authority's host"
	default:
		tenant := firstSegment(i.configuration)
		if !strings.EqualFold(tenant, a.Tenant) && !validGUID(tenant) {
			problem = "its tenant_discovery_endpoint is for the tenant " + quoted(tenant)
		}
	}
	if problem != "" {
		return instance{}, &MetadataError{Step: StepInstance, Authority: a.URL, Host: discoveryHost, Status: 200, Problem: problem,
			Hint: "check the authority; if you trust its host, switch instance discovery off"}
	}
	return i, nil
}

// aliases are the hosts that the answer gives for the host of a.
func (answer instanceAnswer) aliases(a Authority) []string {
	var found []string
	hostname, _ := cutPort(a.Host)
	for _, m := range answer.Metadata {
		aliases := make([]string, 0, len(m.Aliases))
		for _, alias := range m.Aliases {
			if p, err := split("https://" + alias); err == nil && p.path == "" {
				aliases = append(aliases, p.host)
			}
		}
		if slices.Contains(aliases, a.Host) || slices.Contains(aliases, hostname) {
			found = aliases
		}
	}
	return found
}
