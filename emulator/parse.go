package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// maxConfig is how large a configuration may be.
const maxConfig = 4 << 20

// ParseConfig reads a configuration in JSON: the fields of [Config] under the
// names of their JSON tags. Unknown members are refused, so that a misspelled
// one is not silently ignored. Errors are [*ConfigError] and name the member.
func ParseConfig(text []byte) (Config, error) {
	var cfg Config
	if len(text) > maxConfig {
		return cfg, wrong("", "is larger than 4 MiB")
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var tree any
	if err := dec.Decode(&tree); err != nil {
		return cfg, syntax(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return cfg, wrong("", "has something after its end")
	}
	if err := conforms("", tree, reflect.TypeFor[Config]()); err != nil {
		return cfg, err
	}
	if err := json.Unmarshal(text, &cfg); err != nil {
		return Config{}, syntax(err)
	}
	if _, err := build(cfg); err != nil {
		return Config{}, err
	}
	if _, err := cfg.Lifetimes.resolved(); err != nil {
		return Config{}, err
	}
	return cfg, nil
}

func syntax(err error) error {
	var bad *json.SyntaxError
	if errors.As(err, &bad) {
		return wrong("", "is not JSON: %v at byte %d", bad, bad.Offset)
	}
	var own *ConfigError
	if errors.As(err, &own) {
		return own
	}
	return wrong("", "is not JSON: %v", err)
}

// conforms checks a decoded value against the type that it is meant for, and
// names the first member that does not fit.
func conforms(path string, value any, want reflect.Type) error {
	if value == nil {
		return wrong(path, "is null; leave it out instead")
	}
	switch want.Kind() {
	case reflect.Struct:
		return structConforms(path, value, want)
	case reflect.Slice:
		list, ok := value.([]any)
		if !ok {
			return wrong(path, "must be a list")
		}
		for i, item := range list {
			if err := conforms(fmt.Sprintf("%s[%d]", path, i), item, want.Elem()); err != nil {
				return err
			}
		}
	case reflect.String:
		if _, ok := value.(string); !ok {
			return wrong(path, "must be a string")
		}
	case reflect.Bool:
		if _, ok := value.(bool); !ok {
			return wrong(path, "must be true or false")
		}
	case reflect.Int64: // time.Duration
		text, ok := value.(string)
		if !ok {
			return wrong(path, `must be a string such as "90m"`)
		}
		if _, err := time.ParseDuration(text); err != nil {
			return wrong(path, `is not a duration such as "90m"`)
		}
	case reflect.Int:
		number, ok := value.(json.Number)
		if !ok {
			return wrong(path, "must be a number")
		}
		if _, err := number.Int64(); err != nil {
			return wrong(path, "must be a whole number")
		}
	}
	return nil
}

func structConforms(path string, value any, want reflect.Type) error {
	members, ok := value.(map[string]any)
	if !ok {
		return wrong(path, "must be an object")
	}
	fields := map[string]reflect.Type{}
	for i := range want.NumField() {
		name, _, _ := strings.Cut(want.Field(i).Tag.Get("json"), ",")
		if name != "-" && name != "" {
			fields[name] = want.Field(i).Type
		}
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		at := name
		if path != "" {
			at = path + "." + name
		}
		field, ok := fields[name]
		if !ok {
			return wrong(at, "is unknown; known are %s", strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
		}
		if err := conforms(at, members[name], field); err != nil {
			return err
		}
	}
	return nil
}

// durations lists the fields of l under their JSON names.
func (l *Lifetimes) durations() map[string]*time.Duration {
	return map[string]*time.Duration{
		"access_token": &l.AccessToken, "refresh_token": &l.RefreshToken, "code": &l.Code,
		"device_code": &l.DeviceCode, "device_interval": &l.DeviceInterval, "refresh_in": &l.RefreshIn,
		"long_access_token": &l.LongAccessToken,
	}
}

// MarshalJSON writes durations as strings.
func (l Lifetimes) MarshalJSON() ([]byte, error) {
	out := map[string]string{}
	for name, d := range l.durations() {
		if *d != 0 {
			out[name] = d.String()
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads durations as strings such as "90m".
func (l *Lifetimes) UnmarshalJSON(text []byte) error {
	var in map[string]string
	if err := json.Unmarshal(text, &in); err != nil {
		return wrong("lifetimes", "must be an object of strings")
	}
	fields := l.durations()
	for name, value := range in {
		field, ok := fields[name]
		if !ok {
			return wrong("lifetimes."+name, "is unknown")
		}
		d, err := time.ParseDuration(value)
		if err != nil {
			return wrong("lifetimes."+name, `is not a duration such as "90m"`)
		}
		*field = d
	}
	return nil
}
