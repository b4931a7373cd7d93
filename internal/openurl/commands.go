package openurl

import (
	"errors"
	"strings"
)

// command is one way to open the address.
type command struct {
	program string
	args    []string
	wanted  bool // named by the user: report it when it is missing
	// Explorer exits with 1 even when it has opened the page.
	oneIsFine bool
}

// verdict decides what the end of the program means.
func (c command) verdict(err error) error {
	var exit interface{ ExitCode() int }
	if c.oneIsFine && errors.As(err, &exit) && exit.ExitCode() == 1 {
		return nil
	}
	return err
}

// commands lists the ways to open the address, best first.
func (o Opener) commands(address string) []command {
	list := append(o.edge(address), o.fromEnvironment(address)...)
	switch o.GOOS {
	case "windows":
		return append(list, command{program: o.system32("rundll32.exe"), args: []string{"url.dll,FileProtocolHandler", address}})
	case "darwin", "ios":
		return append(list, command{program: "/usr/bin/open", args: []string{address}})
	}
	if o.inWSL() {
		list = append(list,
			command{program: "wslview", args: []string{address}},
			command{program: "explorer.exe", args: []string{address}, oneIsFine: true},
			command{program: "/mnt/c/Windows/explorer.exe", args: []string{address}, oneIsFine: true},
		)
	}
	if o.hasDisplay() {
		for _, program := range []string{"xdg-open", "x-www-browser", "sensible-browser", "firefox", "chromium", "google-chrome"} {
			list = append(list, command{program: program, args: []string{address}})
		}
	}
	return list
}

// edge is Microsoft Edge on a Linux desktop, which comes first unless $BROWSER
// names another browser: it knows the device's account, as MSAL Python has it.
func (o Opener) edge(address string) []command {
	wish := o.Getenv("BROWSER")
	if o.GOOS != "linux" || !o.hasDisplay() || wish != "" && !strings.Contains(wish, "microsoft-edge") {
		return nil
	}
	return []command{{program: "/usr/bin/microsoft-edge", args: []string{address}}}
}

func (o Opener) hasDisplay() bool {
	return o.Getenv("DISPLAY") != "" || o.Getenv("WAYLAND_DISPLAY") != ""
}

// system32 names a program of Windows by its full path, so that nothing else
// on PATH can take its place.
func (o Opener) system32(program string) string {
	if root := o.Getenv("SystemRoot"); root != "" {
		return root + `\System32\` + program
	}
	return program
}

// inWSL tells whether this Linux runs inside Windows.
func (o Opener) inWSL() bool {
	if o.GOOS != "linux" {
		return false
	}
	version, err := o.ReadFile("/proc/version")
	return err == nil && strings.Contains(strings.ToLower(string(version)), "microsoft")
}

// fromEnvironment reads $BROWSER: a list of commands separated by colons
// (semicolons on Windows). %s stands for the address, which otherwise comes
// last; %% stands for a percent sign. Words are separated by spaces, unless
// the whole entry is the path of a program. A final & is dropped: nothing is
// waited for anyway.
func (o Opener) fromEnvironment(address string) []command {
	separator := ":"
	if o.GOOS == "windows" {
		separator = ";"
	}
	var list []command
	for entry := range strings.SplitSeq(o.Getenv("BROWSER"), separator) {
		entry = strings.TrimSpace(entry)
		words := strings.Fields(entry)
		if len(words) > 1 {
			if _, err := o.LookPath(entry); err == nil {
				words = []string{entry}
			}
		}
		if n := len(words); n > 1 && words[n-1] == "&" {
			words = words[:n-1]
		}
		if len(words) > 0 {
			list = append(list, command{program: words[0], args: substitute(words[1:], address), wanted: true})
		}
	}
	return list
}

func substitute(words []string, address string) []string {
	args := make([]string, 0, len(words)+1)
	found := false
	replace := strings.NewReplacer("%%", "%", "%s", address)
	for _, word := range words {
		found = found || strings.Contains(strings.ReplaceAll(word, "%%", ""), "%s")
		args = append(args, replace.Replace(word))
	}
	if !found {
		args = append(args, address)
	}
	return args
}
