package openurl

// Elsewhere names the place that this program runs in when its "localhost" is
// probably not that of the person's browser: "" on an ordinary desktop. Editors
// that forward ports make some of these work all the same, so that it is a hint,
// not a reason to refuse.
func (o Opener) Elsewhere() string {
	set := func(name string) bool { return o.Getenv(name) != "" }
	exists := func(file string) bool {
		_, err := o.ReadFile(file)
		return err == nil
	}
	switch {
	case o.Getenv("CODESPACES") == "true":
		return "a GitHub codespace"
	case o.Getenv("REMOTE_CONTAINERS") == "true":
		return "a development container"
	case o.GOOS == "linux" && (exists("/.dockerenv") || exists("/run/.containerenv")):
		return "a container"
	case set("SSH_CONNECTION") && !set("DISPLAY") && !set("WAYLAND_DISPLAY"):
		return "an SSH session"
	}
	return ""
}
