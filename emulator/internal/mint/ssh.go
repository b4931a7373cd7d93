package mint

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/big"
	"time"
)

// SSHCertificate says for whom and how long a key is certified.
type SSHCertificate struct {
	Principal   string
	From, Until time.Time
}

const sshCertType = "ssh-rsa-cert-v01@openssh.com"

// CertifySSH makes an OpenSSH user certificate for key (OpenSSH's
// PROTOCOL.certkeys), signed with the current signing key: base64, as it stands
// in a -cert.pub file behind the type.
func (k *Keys) CertifySSH(key *rsa.PublicKey, about SSHCertificate) (string, error) {
	signer, err := k.current()
	if err != nil {
		return "", err
	}
	var nonce [32]byte
	_, _ = rand.Read(nonce[:]) // documented never to fail
	var principals, extensions, authority sshText
	principals.text(about.Principal)
	for _, name := range [...]string{"permit-X11-forwarding", "permit-agent-forwarding", "permit-port-forwarding", "permit-pty", "permit-user-rc"} {
		extensions.text(name)
		extensions.text("")
	}
	authority.text("ssh-rsa")
	authority.number(big.NewInt(int64(signer.private.E)))
	authority.number(signer.private.N)

	var cert sshText
	cert.text(sshCertType)
	cert.text(string(nonce[:]))
	cert.number(big.NewInt(int64(key.E)))
	cert.number(key.N)
	cert.uint64(0) // serial
	cert = binary.BigEndian.AppendUint32(cert, 1)
	cert.text(about.Principal) // key id
	cert.text(string(principals))
	cert.uint64(uint64(about.From.Unix()))
	cert.uint64(uint64(about.Until.Unix()))
	cert.text("") // critical options
	cert.text(string(extensions))
	cert.text("") // reserved
	cert.text(string(authority))
	sum := sha256.Sum256(cert)
	proof, err := rsa.SignPKCS1v15(rand.Reader, signer.private, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("mint: signing an SSH certificate: %w", err)
	}
	var signature sshText
	signature.text("rsa-sha2-256") // RFC 8332
	signature.text(string(proof))
	cert.text(string(signature))
	return base64.StdEncoding.EncodeToString(cert), nil
}

// sshText is data in the representation of RFC 4251 section 5.
type sshText []byte

func (t *sshText) text(s string) {
	*t = append(binary.BigEndian.AppendUint32(*t, uint32(len(s))), s...)
}

func (t *sshText) uint64(n uint64) { *t = binary.BigEndian.AppendUint64(*t, n) }

// number writes a positive mpint.
func (t *sshText) number(n *big.Int) {
	b := n.Bytes()
	if len(b) > 0 && b[0]&0x80 != 0 {
		b = append([]byte{0}, b...)
	}
	t.text(string(b))
}
