package listen

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// maxRoots bounds what is read of a file of trusted certificates.
const maxRoots = 16 << 20

// Roots tells where this system keeps the certificates that it trusts.
type Roots struct {
	// Getenv looks SSL_CERT_FILE up, which replaces Files.
	Getenv func(string) string
	// Files are tried in order; the first that exists counts.
	Files []string
}

// SystemRoots returns where Linux distributions, the BSDs and macOS keep their
// roots. Windows keeps them in no file.
func SystemRoots() Roots {
	return Roots{Getenv: os.Getenv, Files: []string{
		"/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Alpine, Arch
		"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, RHEL
		"/etc/ssl/ca-bundle.pem",                            // openSUSE
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL 7 and later
		"/usr/local/etc/ssl/cert.pem",                       // FreeBSD
		"/etc/ssl/cert.pem",                                 // Alpine, OpenBSD, macOS
	}}
}

// read returns the roots of this system, or nothing if it has no such file.
func (r Roots) read() ([]byte, error) {
	files := r.Files
	if r.Getenv != nil {
		if name := r.Getenv("SSL_CERT_FILE"); name != "" {
			files = []string{name}
		}
	}
	for _, name := range files {
		f, err := os.Open(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("listen: reading the trusted certificates: %w", err)
		}
		defer f.Close()
		data, err := io.ReadAll(io.LimitReader(f, maxRoots+1))
		if err != nil {
			return nil, fmt.Errorf("listen: reading the trusted certificates: %w", err)
		}
		if len(data) > maxRoots {
			return nil, fmt.Errorf("listen: %s has more than %d bytes and is hardly a file of trusted certificates; check SSL_CERT_FILE", name, maxRoots)
		}
		return data, nil
	}
	return nil, nil
}

// bundle is a directory with two files: ca has the emulator's authority alone,
// all has the roots of the system besides. Variables such as SSL_CERT_FILE
// replace the trusted certificates, so that one file must hold everything.
type bundle struct {
	dir, ca, all string
}

func (r Roots) write(ca []byte) (*bundle, error) {
	roots, err := r.read()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "msal-emulator-")
	if err != nil {
		return nil, fmt.Errorf("listen: making a directory for the certificates: %w", err)
	}
	b := &bundle{dir: dir, ca: filepath.Join(dir, "ca.pem"), all: filepath.Join(dir, "bundle.pem")}
	if len(roots) > 0 && !bytes.HasSuffix(roots, []byte("\n")) {
		roots = append(roots, '\n')
	}
	err = errors.Join(
		os.WriteFile(b.ca, ca, 0o600),
		os.WriteFile(b.all, append(roots, ca...), 0o600))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen: writing the certificates: %w", err), b.remove())
	}
	return b, nil
}

func (b *bundle) remove() error {
	if err := os.RemoveAll(b.dir); err != nil {
		return fmt.Errorf("listen: removing the certificates: %w", err)
	}
	return nil
}
