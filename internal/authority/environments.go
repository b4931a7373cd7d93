package authority

// Environments are the hosts under which tokens of a may be cached, as far as
// they are known without asking anybody: those of [Metadata], but for aliases
// that only instance discovery can tell.
func (a Authority) Environments() []string {
	hostname, _ := cutPort(a.Host)
	var aliases []string
	if a.Kind == Entra {
		aliases = byAlias(hostname).hosts
	}
	return environments(a.Host, aliases)
}
