package msal

import (
	"context"
	"errors"
	"log/slog"

	"github.com/msal-go/msal/internal/authority"
	"github.com/msal-go/msal/internal/imds"
)

// Special values of Options.Region.
const (
	// RegionAuto finds the region of the machine: the environment variable
	// REGION_NAME, which Azure Functions and App Service set, else the instance
	// metadata service, which is asked once and for two seconds at most. Where
	// neither knows, requests go to the global endpoint.
	RegionAuto = "TryAutoDetect"
	// RegionOff uses the global endpoint whatever MSAL_FORCE_REGION says.
	RegionOff = "DisableMsalForceRegion"
)

// The environment variables that are read, when a confidential client is made.
const (
	forceRegionVariable = "MSAL_FORCE_REGION"
	regionVariable      = "REGION_NAME"
)

// regions knows where an application's own tokens are asked for. The zero value
// is the global endpoint.
type regions struct {
	name    string       // fixed
	machine *imds.Client // asks where the machine is; nil when nobody need be asked
	log     *slog.Logger
}

// newRegions decides what can be decided without asking. What the developer
// typed must be a region's name. What the environment says is ignored, with a
// warning, when it is none: it comes from whoever runs the program.
func newRegions(o Options, getenv func(string) string, log *slog.Logger) (regions, error) {
	name, source := o.Region, "Region"
	if name == "" {
		name, source = getenv(forceRegionVariable), forceRegionVariable
	}
	if name == RegionAuto {
		if name, source = getenv(regionVariable), regionVariable; name == "" {
			return regions{machine: imds.New(o.HTTPClient), log: log}, nil
		}
	}
	switch {
	case name == "" || name == RegionOff:
		return regions{}, nil
	case authority.ValidRegion(name):
		return regions{name: name}, nil
	case name == o.Region:
		return regions{}, configError("read Region", "use the short name in lower case, such as westus2, or RegionAuto", errors.New("it is no name of a region"))
	}
	log.Warn("the environment variable does not hold the name of a region; the global endpoint is used", "variable", source)
	return regions{}, nil
}

// find returns the region, or "" for the global endpoint.
func (r regions) find(ctx context.Context) string {
	if r.machine == nil {
		return r.name
	}
	name, err := r.machine.Region(ctx)
	switch {
	case err != nil:
		r.log.LogAttrs(ctx, slog.LevelInfo, "the region was not found; the global endpoint is used", slog.Any("error", err))
		return ""
	case !authority.ValidRegion(name):
		r.log.LogAttrs(ctx, slog.LevelWarn, "the instance metadata service does not name a region; the global endpoint is used")
		return ""
	}
	return name
}

// regional sends g to the endpoint of the region, where there is one. Nothing
// else changes: the proof is made for the global endpoint, and the token is kept
// under the global host, so that it serves clients everywhere.
func (c *ConfidentialClient) regional(ctx context.Context, p *place, g grant) grant {
	if endpoint, ok := p.meta.RegionalTokenEndpoint(c.regions.find(ctx)); ok {
		g.endpoint = endpoint
	}
	return g
}
