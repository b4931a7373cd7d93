package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// newReport says where and when the figures come from.
func newReport() report {
	r := report{
		Machine: fmt.Sprintf("%s/%s, %d cores%s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), processor()),
		Date:    time.Now().UTC().Format("2006-01-02 15:04 MST"), Versions: []string{runtime.Version()},
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if strings.Contains(m.Path, "microsoft-authentication-library") {
				r.Versions = append(r.Versions, "MSAL Go "+strings.TrimPrefix(m.Version, "v"))
			}
		}
	}
	// Half a core of others' work already shows in the figures.
	if load, ok := loadAverage(); ok && load > 0.5 {
		r.Busy = fmt.Sprintf("the machine was busy with other work: its load was %.1f when the run began", load)
	}
	return r
}

// processor is the model's name, where the system tells.
func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(info)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return ", " + strings.Trim(name, "\t :\n")
		}
	}
	return ""
}

// loadAverage is how many processes were ready to run in the last minute, where
// the system tells.
func loadAverage() (float64, bool) {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0, false
	}
	first, _, _ := strings.Cut(string(text), " ")
	load, err := strconv.ParseFloat(first, 64)
	return load, err == nil
}
