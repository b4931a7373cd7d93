package interop

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"testing"

	"github.com/msal-go/msal/emulator"
)

// nodeFlows are those that msalnode.mjs plays.
var nodeFlows = []string{
	"client secret", "client secret with claims and capabilities", "client secret of a named application", "client secret in a region",
	"client certificate", "client certificate with x5c",
	"client certificate by SHA-1", "client certificate by SHA-1 with x5c", "client assertion", "on behalf of", "device code",
	"user name and password", "authorization code", "authorization code at AD FS", "authorization code at B2C", "interactive", "interactive with hints and claims",
	"silent refresh", "silent refresh with claims and capabilities", "refresh token",
}

// nodeClient is a process with MSAL Node, which plays one flow after the other.
type nodeClient struct {
	in   io.Writer
	out  *bufio.Scanner
	cert *x509.Certificate
}

// startMSALNode starts a process, which ends when the test does.
func startMSALNode(t *testing.T, cert *x509.Certificate) *nodeClient {
	t.Helper()
	// Not the test's context: the process ends in the cleanup.
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	cmd := node(t, ctx, "msalnode.mjs")
	var stderr lockedBuffer
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		defer cancel()
		_ = in.Close()
		if err := cmd.Wait(); err != nil && ctx.Err() == nil {
			t.Errorf("MSAL Node: %v\n%s", err, stderr.String())
		}
	})
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	return &nodeClient{in: in, out: lines, cert: cert}
}

// command is what msalnode.mjs has to know for a flow.
func (n *nodeClient) command(t *testing.T, s *stage, flow string) map[string]string {
	known := "" // MSAL Node has to be told of all hosts but Entra's
	if u, err := url.Parse(s.actor.authority); err == nil && s.actor.authority != tenantURL {
		known = u.Host
	}
	sha1Sum, sha256Sum := sha1.Sum(n.cert.Raw), sha256.Sum256(n.cert.Raw)
	return map[string]string{
		"flow": flow, "authority": s.actor.authority, "known": known, "clientID": s.actor.clientID, "secret": s.actor.secret,
		"assertion": s.actor.assertion, "userAssertion": s.actor.userAssertion, "refreshToken": s.actor.refreshToken,
		"scope": tasksScope, "downstream": graphScope, "claims": challenge, "username": alice, "password": emulator.DefaultPassword,
		"redirectURI": webCallback, "key": pemOfKey(t, appKey()), "certificate": pemOf("CERTIFICATE", n.cert.Raw),
		"sha1": hex.EncodeToString(sha1Sum[:]), "sha256": hex.EncodeToString(sha256Sum[:]),
		"address": s.server.Listener.Addr().String(), "ca": pemOf("CERTIFICATE", s.server.Certificate().Raw),
	}
}

// play plays a flow to its end, with the person's part in it.
func (n *nodeClient) play(t *testing.T, s *stage, flow string) error {
	if err := n.say(n.command(t, s, flow)); err != nil {
		return err
	}
	for {
		var line struct {
			Visit, Approve, Error string
			Begin, Done           bool
		}
		if !n.out.Scan() {
			return fmt.Errorf("MSAL Node says nothing more: %w", errors.Join(io.ErrUnexpectedEOF, n.out.Err()))
		}
		if err := json.NewDecoder(bytes.NewReader(n.out.Bytes())).Decode(&line); err != nil {
			return err
		}
		answer := map[string]string{}
		switch {
		case line.Done:
			return nil
		case line.Error != "":
			return errors.New(line.Error)
		case line.Begin:
			s.begin()
		case line.Approve != "":
			if err := s.emu.ApproveDevice(line.Approve, alice); err != nil {
				return err
			}
		case line.Visit != "":
			got, err := s.visit(t.Context(), line.Visit)
			if err != nil {
				return err
			}
			answer["code"] = got.Values.Get("code")
		}
		if err := n.say(answer); err != nil {
			return err
		}
	}
}

func (n *nodeClient) say(v any) error { return json.NewEncoder(n.in).Encode(v) }
