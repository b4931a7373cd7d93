package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	yaml "go.yaml.in/yaml/v3"

	platform "github.com/msal-go/msal/emulator"
)

// maxConfig bounds a configuration file, in bytes.
const maxConfig = 4 << 20

var (
	errConfigTooLarge = errors.New("it is larger than 4 MiB")
	errNotYAML        = errors.New("it is not YAML")
	errSeveral        = errors.New("it holds more than one YAML document")
	errNotTree        = errors.New("it has something that JSON cannot say, such as a key that is not a string")
)

// readConfig reads JSON, or YAML by its file name.
func readConfig(path string) (platform.Config, error) {
	file, err := os.Open(path)
	if err != nil {
		return platform.Config{}, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxConfig+1))
	switch {
	case err != nil:
		return platform.Config{}, err
	case len(data) > maxConfig:
		return platform.Config{}, errConfigTooLarge
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".yaml", ".yml":
		if data, err = jsonFromYAML(data); err != nil {
			return platform.Config{}, err
		}
	}
	return platform.ParseConfig(data)
}

// jsonFromYAML goes through JSON, so that both forms have the same names and
// the same checks.
func jsonFromYAML(data []byte) ([]byte, error) {
	d := yaml.NewDecoder(strings.NewReader(string(data)))
	var tree any
	switch err := d.Decode(&tree); {
	case errors.Is(err, io.EOF):
		return []byte("{}"), nil
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errNotYAML, err)
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, errSeveral
	}
	if tree == nil {
		return []byte("{}"), nil
	}
	out, err := json.Marshal(tree)
	if err != nil {
		return nil, errNotTree
	}
	return out, nil
}
