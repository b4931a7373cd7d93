package emulator

// shellUser is who has opened the emulated Azure Cloud Shell: the one that was
// named, else the first who can sign in.
func shellUser(cfg Config) (string, error) {
	tenants := cfg.Tenants
	if len(tenants) == 0 {
		tenants = Defaults().Tenants
	}
	first := ""
	for _, t := range tenants {
		for _, u := range t.Users {
			if u.UPN == cfg.CloudShellUser && u.UPN != "" {
				return u.UPN, nil
			}
			if first == "" && !u.Disabled {
				first = u.UPN
			}
		}
	}
	if cfg.CloudShellUser != "" {
		return "", wrong("cloud_shell_user", "is nobody of the tenants: %q", cfg.CloudShellUser)
	}
	return first, nil
}
