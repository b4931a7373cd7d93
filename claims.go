package msal

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// mergeClaims is the claims parameter of a request (OpenID Connect Core section
// 5.5): the caller's challenge with the client's capabilities as
// access_token.xms_cc. Without capabilities a challenge goes out as it came.
func mergeClaims(capabilities []string, challenge string) (string, error) {
	if challenge == "" && len(capabilities) == 0 {
		return "", nil
	}
	top := map[string]json.RawMessage{}
	if challenge != "" {
		if err := decodeObject([]byte(challenge), &top); err != nil {
			return "", configError("read the claims challenge", "it must be the JSON object that the API or the service sent, base64-decoded", err)
		}
	}
	if len(capabilities) == 0 {
		return challenge, nil
	}
	access := map[string]json.RawMessage{}
	if raw, ok := top["access_token"]; ok && !bytes.Equal(raw, []byte("null")) {
		if err := decodeObject(raw, &access); err != nil {
			return "", configError("read access_token of the claims challenge", "it must be a JSON object", err)
		}
	}
	values, err := json.Marshal(map[string][]string{"values": capabilities})
	if err != nil {
		return "", configError("encode the client capabilities", "", err)
	}
	access["xms_cc"] = values
	if top["access_token"], err = json.Marshal(access); err != nil {
		return "", configError("encode the claims", "", err)
	}
	merged, err := json.Marshal(top)
	if err != nil {
		return "", configError("encode the claims", "", err)
	}
	return string(merged), nil
}

var errNotObject = errors.New("not one JSON object")

// checkObject reports whether text is exactly one JSON object.
func checkObject(text string) error {
	var object map[string]json.RawMessage
	return decodeObject([]byte(text), &object)
}

// decodeObject reads exactly one JSON object. Its errors carry no content: a
// challenge may hold personal data.
func decodeObject(data []byte, into *map[string]json.RawMessage) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(into); err != nil || *into == nil {
		return errNotObject
	}
	if _, err := d.Token(); err != io.EOF {
		return errNotObject
	}
	return nil
}
