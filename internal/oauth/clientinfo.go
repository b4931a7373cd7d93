package oauth

import (
	"encoding/base64"
	"errors"
	"strings"
)

// ClientInfo names the account of a token answer: the user's object id and home
// tenant. It is a routing hint of the service, not an authenticated statement.
type ClientInfo struct {
	UID  string
	UTID string
}

// ErrClientInfo reports a client_info that is not base64url-encoded JSON.
var ErrClientInfo = errors.New("client_info is not a base64url-encoded JSON object with uid and utid")

// maxClientInfo bounds what is decoded; real ones have about 120 bytes.
const maxClientInfo = 8 << 10

// ParseClientInfo decodes the client_info member of a token answer, with or
// without base64 padding. Absent members are empty. It fails with
// ErrClientInfo.
func ParseClientInfo(raw string) (ClientInfo, error) {
	if len(raw) > maxClientInfo {
		return ClientInfo{}, ErrClientInfo
	}
	data, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(raw, "="))
	if err != nil {
		return ClientInfo{}, ErrClientInfo
	}
	m, reason := decodeObject(data)
	if reason != "" {
		return ClientInfo{}, ErrClientInfo
	}
	var info ClientInfo
	var ok1, ok2 bool
	info.UID, ok1 = m.str("uid")
	info.UTID, ok2 = m.str("utid")
	if !ok1 || !ok2 {
		return ClientInfo{}, ErrClientInfo
	}
	return info, nil
}
