package oauth

// Blot replaces a secret of a request in text that a service wrote, also where
// it was repeated in an encoding. A secret of a few letters is only replaced
// where it stands alone.
func Blot(text, secret string) string {
	return secretsOf(Form{{"password", secret}}).blot(text, prose)
}
