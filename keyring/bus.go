//go:build unix && !darwin

package keyring

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/godbus/dbus/v5"
)

// dialBus connects to the message bus of the person's session, which must be
// there: none is launched, by whatever name the address has for that. The
// connection ends with the context.
func dialBus(ctx context.Context) (*dbus.Conn, error) {
	path, err := busPath(os.Getenv("DBUS_SESSION_BUS_ADDRESS"), os.Getenv("XDG_RUNTIME_DIR"))
	if err != nil {
		return nil, err
	}
	var dialer net.Dialer
	socket, err := dialer.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, because(ErrNoKeyring, err)
	}
	stop := context.AfterFunc(ctx, func() { socket.Close() })
	conn, err := dbus.NewConn(busSocket{socket, stop}, dbus.WithContext(ctx))
	if err != nil {
		stop()
		return nil, errors.Join(err, socket.Close())
	}
	if err = conn.Auth([]dbus.Auth{dbus.AuthExternal("")}); err == nil {
		err = conn.Hello()
	}
	if err != nil {
		conn.Close()
		return nil, because(ErrNoKeyring, err)
	}
	return conn, nil
}

// busSocket forgets the context when it is closed.
type busSocket struct {
	io.ReadWriteCloser
	stop func() bool
}

func (s busSocket) Close() error {
	s.stop()
	return s.ReadWriteCloser.Close()
}

// busPath finds the socket of the session's bus in the addresses of the D-Bus
// specification ("Server Addresses"), or in its usual place. Transports that run
// programs (autolaunch, unixexec, launchd) and those of the network are none.
func busPath(addresses, runtimeDir string) (string, error) {
	for address := range strings.SplitSeq(addresses, ";") {
		rest, ok := strings.CutPrefix(address, "unix:")
		if !ok {
			continue
		}
		for pair := range strings.SplitSeq(rest, ",") {
			name, value, _ := strings.Cut(pair, "=")
			value, err := url.PathUnescape(value)
			switch {
			case err != nil || value == "":
			case name == "path":
				return value, nil
			case name == "abstract":
				return "@" + value, nil
			}
		}
	}
	if addresses == "" && runtimeDir != "" {
		path := filepath.Join(runtimeDir, "bus")
		if info, err := os.Stat(path); err == nil && info.Mode().Type() == os.ModeSocket {
			return path, nil
		}
	}
	return "", because(ErrNoKeyring, errNoBus)
}

var errNoBus = errors.New("no session bus that listens on a socket")
