package endpoint

import (
	"io"
	"net/http"
	"strings"
)

// machineAddress is where virtual machines find the instance metadata service.
const machineAddress = "169.254.169.254"

// machinePaths are the documents that the emulated service has, in the latest
// version that any client asks for and all earlier ones.
const (
	machineCompute  = "metadata/instance/compute"
	machineLocation = "metadata/instance/compute/location"
	machineVersion  = "2021-12-13"
)

// machine answers /metadata/instance/compute: where the machine is
// (learn.microsoft.com/azure/virtual-machines/instance-metadata-service). Of the
// refusals only the status codes are verified.
func (p *Platform) machine(w http.ResponseWriter, r *http.Request, c *Call) {
	version := c.Query.Get("api-version")
	problem := ""
	switch {
	case r.Method != http.MethodGet:
		machineError(w, http.StatusMethodNotAllowed, "Method not allowed")
		return
	case !strings.EqualFold(r.Header.Get("Metadata"), "true"):
		problem = "Bad request. Required metadata header not specified"
	case r.Header.Get("X-Forwarded-For") != "":
		problem = "Bad request. The request must not be forwarded"
	case len(version) != len(machineVersion) || version > machineVersion:
		problem = "Bad request. api-version was not specified in the request, or is not supported"
	}
	if problem != "" {
		c.note(Finding{Rule: "instance-metadata", Detail: problem, Source: "learn.microsoft.com/azure/virtual-machines/instance-metadata-service"})
		machineError(w, http.StatusBadRequest, problem)
		return
	}
	if strings.Trim(strings.ToLower(r.URL.Path), "/") == machineCompute {
		writeJSON(w, http.StatusOK, map[string]string{"azEnvironment": "AzurePublicCloud", "location": p.region, "name": "emulated", "osType": "Linux", "provider": "Microsoft.Compute"})
		return
	}
	if c.Query.Get("format") != "text" {
		machineError(w, http.StatusNotFound, "Not found. The property is text; ask for format=text")
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, p.region)
}

func machineError(w http.ResponseWriter, status int, text string) {
	writeJSON(w, status, map[string]string{"error": text})
}

func isMachineDocument(path string) bool {
	switch strings.Trim(strings.ToLower(path), "/") {
	case machineCompute, machineLocation:
		return true
	}
	return false
}
