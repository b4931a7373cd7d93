package listen

import (
	"errors"
	"testing"
)

func TestHosts(t *testing.T) {
	t.Parallel()
	h, err := NewHosts("Login.Example.COM.", "10.1.2.3", "[2001:db8::1]")
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]bool{
		"login.microsoftonline.com":           true,
		"LOGIN.MicrosoftOnline.com.":          true,
		"westus2.login.microsoft.com":         true,
		"westus2.r.login.microsoftonline.com": true,
		"contoso.ciamlogin.com":               true,
		"contoso.b2clogin.com":                true,
		"login.partner.microsoftonline.cn":    true,
		"169.254.169.254":                     true,
		"::ffff:169.254.169.254":              true,
		"graph.microsoft.com":                 true,
		"login.example.com":                   true,
		"eu.login.example.com":                true,
		"10.1.2.3":                            true,
		"2001:db8::1":                         true,
		"[2001:db8::1]":                       true,

		"":                                       false,
		"microsoft.com":                          false,
		"www.microsoft.com":                      false,
		"fakelogin.microsoftonline.com":          false,
		"evilb2clogin.com":                       false,
		"login.microsoftonline.com.evil.example": false,
		"login.microsoftonline.com@evil.example": false,
		"evil.example/login.microsoftonline.com": false, // ends like one, but after a slash
		"example.com":                            false,
		"10.1.2.4":                               false,
		"localhost":                              false,
		"127.0.0.1":                              false,
		"169.254.169.253":                        false,
		"xn--login-microsoftonline-com-fake.test": false,
	} {
		if got := h.Contains(host); got != want {
			t.Errorf("Contains(%q) = %t", host, got)
		}
	}
}

func TestLoopbackHosts(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost.": true, "app.localhost": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true, "[::1]": true,
		"": false, "notlocalhost": false, "localhost.example": false, "0.0.0.0": false, "128.0.0.1": false, "login.microsoftonline.com": false,
	} {
		if got := IsLoopback(host); got != want {
			t.Errorf("IsLoopback(%q) = %t", host, got)
		}
	}
}

func TestHostNamesThatAreNone(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", " ", ".", "a..b", "*.example.com", "https://a.test", "a.test:443", "a b", "-a.test", "a-.test", "a.test/x", "ä.test",
		"0123456789012345678901234567890123456789012345678901234567890123.test"} {
		_, err := NewHosts("good.test", bad)
		var e *HostError
		if !errors.As(err, &e) || e.Host != bad {
			t.Errorf("NewHosts(%q): %v, want a *HostError", bad, err)
		}
	}
}
