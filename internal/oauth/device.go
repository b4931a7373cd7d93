package oauth

import "time"

// DeviceAuthorization is a successful answer of a device authorization endpoint
// (RFC 8628, section 3.2).
type DeviceAuthorization struct {
	DeviceCode              string // a secret: whoever has it gets the tokens
	UserCode                string
	VerificationURI         string
	VerificationURIComplete string        // with the user code in it; may be empty
	ExpiresIn               time.Duration // 30 minutes when absent
	Interval                time.Duration // least time between two polls; 5 s when absent or not positive
	Message                 string        // instructions to show to the person; may be empty
}

const (
	defaultDeviceLifetime = 1800 * time.Second
	defaultInterval       = 5 * time.Second // RFC 8628, section 3.2
)

// deviceAuthorization decodes the answer of a device authorization endpoint.
func (a *answer) deviceAuthorization() (*DeviceAuthorization, error) {
	m, err := a.object()
	if err != nil {
		return nil, err
	}
	d := &DeviceAuthorization{}
	for _, field := range []struct {
		name     string
		to       *string
		required bool
	}{
		{"device_code", &d.DeviceCode, true},
		{"user_code", &d.UserCode, true},
		{"verification_uri", &d.VerificationURI, true},
		{"verification_uri_complete", &d.VerificationURIComplete, false},
		{"message", &d.Message, false},
	} {
		value, ok := m.str(field.name)
		if !ok || field.required && value == "" {
			return nil, a.refuse(ReasonMember, field.name)
		}
		*field.to = value
	}
	var present, ok bool
	if d.ExpiresIn, present, ok = m.seconds("expires_in"); !ok {
		return nil, a.refuse(ReasonMember, "expires_in")
	}
	if !present {
		d.ExpiresIn = defaultDeviceLifetime
	}
	if d.Interval, _, ok = m.seconds("interval"); !ok {
		return nil, a.refuse(ReasonMember, "interval")
	}
	if d.Interval <= 0 {
		d.Interval = defaultInterval
	}
	return d, nil
}
