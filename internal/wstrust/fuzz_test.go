package wstrust

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

func seed(f *testing.F, pattern string) {
	f.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(names) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range names {
		document := read(f, strings.TrimPrefix(filepath.ToSlash(name), "testdata/"))
		f.Add(document)
		f.Add(append([]byte("\xef\xbb\xbf"), document...))
		f.Add(bytes.ReplaceAll(document, []byte(`"`), []byte("'")))
	}
	f.Add([]byte("<!DOCTYPE a><a/>"))
	f.Add([]byte("\xff\xfe<\x00a\x00/\x00>\x00"))
}

// FuzzMEX: no document makes an endpoint that a password may not be sent to.
func FuzzMEX(f *testing.F) {
	seed(f, "mex/*.xml")
	f.Fuzz(func(t *testing.T, document []byte) {
		e, err := parseMetadata(document)
		var refused *DocumentError
		var none *EndpointError
		switch {
		case err == nil:
			if _, ok := secure(e.Address); !ok || e.Version != Trust13 && e.Version != Trust2005 {
				t.Errorf("endpoint %+v", e)
			}
		case !errors.As(err, &refused) && !errors.As(err, &none):
			t.Errorf("untyped error %v", err)
		}
	})
}

// FuzzRSTR: an assertion is a piece of the document, unless declarations were
// missing in it, and a fault fits a log.
func FuzzRSTR(f *testing.F) {
	seed(f, "response/*.xml")
	const password = "s3cr3t-never-shown"
	f.Fuzz(func(t *testing.T, document []byte) {
		a, err := parseResponse(document, password)
		var refused *DocumentError
		var fault *Fault
		switch {
		case err == nil:
			text, _ := decode(document)
			missing, _ := undeclared(a.XML)
			if a.Version == 0 || len(a.XML) == 0 || len(missing) == 0 && !bytes.Contains(text, a.XML) && !bytes.Contains(a.XML, []byte(" xmlns:")) {
				t.Errorf("assertion of version %d and %d bytes", a.Version, len(a.XML))
			}
		case errors.As(err, &fault):
			for _, s := range []string{fault.Code, fault.Reason} {
				if strings.ContainsAny(s, "\r\n\x00") || len(s) > maxReason+10 || !utf8.ValidString(s) || strings.Contains(s, password) {
					t.Errorf("fault with %q", s)
				}
			}
		case !errors.As(err, &refused):
			t.Errorf("untyped error %v", err)
		}
	})
}
