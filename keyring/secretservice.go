//go:build unix && !darwin

package keyring

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/godbus/dbus/v5"
)

// The names of the Secret Service API, version 0.2
// (https://specifications.freedesktop.org/secret-service-spec/).
const (
	secretBus        = "org.freedesktop.secrets"
	secretPath       = dbus.ObjectPath("/org/freedesktop/secrets")
	secretService    = "org.freedesktop.Secret.Service."
	secretCollection = "org.freedesktop.Secret.Collection."
	secretItem       = "org.freedesktop.Secret.Item."
	secretPrompt     = "org.freedesktop.Secret.Prompt."
	schemaAttribute  = "xdg:schema" // libsecret's
)

// nothing is how the API says that there is no object.
const nothing = dbus.ObjectPath("/")

// A secretPlace is an item of the Secret Service: one that libsecret would find
// too, by the same schema and attributes.
type secretPlace struct {
	schema     string
	anySchema  bool // items are found by their attributes alone
	attributes map[string]string
	label      string
	collection string // alias; "" is "default"
	prompt     bool
}

// secret is the API's structure of a secret. It is not encrypted on its way: the
// socket is the person's, and any program of the person may ask the service.
type secret struct {
	Session     dbus.ObjectPath
	Parameters  []byte
	Value       []byte
	ContentType string
}

func (p secretPlace) get(ctx context.Context) (value []byte, err error) {
	err = p.with(ctx, func(c *secretClient) error {
		item, err := c.find(ctx)
		if err != nil || item == nothing {
			return err
		}
		var s secret
		if err := c.call(ctx, item, secretItem+"GetSecret", c.session).Store(&s); err != nil {
			return err
		}
		value = s.Value
		return nil
	})
	return value, err
}

// set changes the item in its place, so that what people set for it stays.
func (p secretPlace) set(ctx context.Context, value []byte) error {
	return p.with(ctx, func(c *secretClient) error {
		item, err := c.find(ctx)
		if err != nil {
			return err
		}
		s := secret{Session: c.session, Parameters: []byte{}, Value: value, ContentType: "text/plain"}
		if item != nothing {
			return c.call(ctx, item, secretItem+"SetSecret", s).Err
		}
		return c.create(ctx, s)
	})
}

func (p secretPlace) remove(ctx context.Context) error {
	return p.with(ctx, func(c *secretClient) error {
		item, err := c.find(ctx)
		if err != nil || item == nothing {
			return err
		}
		var prompt dbus.ObjectPath
		if err := c.call(ctx, item, secretItem+"Delete").Store(&prompt); err != nil {
			return err
		}
		return c.ask(ctx, prompt)
	})
}

// with runs f on a connection of its own: what became of the service since the
// last time does not matter.
func (p secretPlace) with(ctx context.Context, f func(*secretClient) error) error {
	conn, err := dialBus(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	c := &secretClient{secretPlace: p, conn: conn}
	var ignored dbus.Variant
	err = c.call(ctx, secretPath, secretService+"OpenSession", "plain", dbus.MakeVariant("")).Store(&ignored, &c.session)
	if err == nil {
		err = f(c)
	}
	return kindOf(err)
}

// kindOf tells the errors of the bus and of the service apart.
func kindOf(err error) error {
	var bus dbus.Error
	switch {
	case errors.Is(err, dbus.ErrClosed):
		return because(ErrNoKeyring, err)
	case !errors.As(err, &bus):
		return err
	}
	switch bus.Name {
	case "org.freedesktop.Secret.Error.IsLocked":
		return because(ErrLocked, err)
	case "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner",
		"org.freedesktop.DBus.Error.NoReply", "org.freedesktop.DBus.Error.Disconnected",
		"org.freedesktop.DBus.Error.Spawn.ChildExited", "org.freedesktop.DBus.Error.Spawn.ExecFailed",
		"org.freedesktop.DBus.Error.TimedOut", "org.freedesktop.DBus.Error.AccessDenied":
		return because(ErrNoKeyring, err)
	}
	return err
}

type secretClient struct {
	secretPlace
	conn    *dbus.Conn
	session dbus.ObjectPath
}

func (c *secretClient) call(ctx context.Context, path dbus.ObjectPath, method string, args ...any) *dbus.Call {
	return c.conn.Object(secretBus, path).CallWithContext(ctx, method, 0, args...)
}

// find returns the item, unlocked, or nothing.
func (c *secretClient) find(ctx context.Context) (dbus.ObjectPath, error) {
	wanted := maps.Clone(c.attributes)
	if !c.anySchema {
		wanted = c.full()
	}
	var unlocked, locked []dbus.ObjectPath
	if err := c.call(ctx, secretPath, secretService+"SearchItems", wanted).Store(&unlocked, &locked); err != nil {
		return nothing, err
	}
	switch {
	case len(unlocked) > 0:
		slices.Sort(unlocked) // so that all take the same one
		return unlocked[0], nil
	case len(locked) == 0:
		return nothing, nil
	}
	slices.Sort(locked)
	return locked[0], c.unlock(ctx, locked[0])
}

// full are the attributes of an item that is made.
func (c *secretClient) full() map[string]string {
	attributes := maps.Clone(c.attributes)
	if attributes == nil {
		attributes = make(map[string]string)
	}
	attributes[schemaAttribute] = c.schema
	return attributes
}

func (c *secretClient) create(ctx context.Context, s secret) error {
	alias := c.collection
	if alias == "" {
		alias = "default"
	}
	var collection dbus.ObjectPath
	if err := c.call(ctx, secretPath, secretService+"ReadAlias", alias).Store(&collection); err != nil {
		return err
	}
	if collection == nothing {
		return because(ErrNoKeyring, errNoCollection)
	}
	locked, err := c.conn.Object(secretBus, collection).GetProperty(secretCollection + "Locked")
	if err != nil {
		return err
	}
	if is, ok := locked.Value().(bool); !ok || is {
		if err := c.unlock(ctx, collection); err != nil {
			return err
		}
	}
	properties := map[string]dbus.Variant{
		secretItem + "Label":      dbus.MakeVariant(c.label),
		secretItem + "Attributes": dbus.MakeVariant(c.full()),
	}
	var item, prompt dbus.ObjectPath
	if err := c.call(ctx, collection, secretCollection+"CreateItem", properties, s, true).Store(&item, &prompt); err != nil {
		return err
	}
	return c.ask(ctx, prompt)
}

var errNoCollection = errors.New("the Secret Service has no default collection")

// unlock asks the person for the keyring's password, if that is allowed.
// Otherwise the service is not even told: some prompt at once.
func (c *secretClient) unlock(ctx context.Context, object dbus.ObjectPath) error {
	if !c.prompt {
		return ErrLocked
	}
	var unlocked []dbus.ObjectPath
	var prompt dbus.ObjectPath
	if err := c.call(ctx, secretPath, secretService+"Unlock", []dbus.ObjectPath{object}).Store(&unlocked, &prompt); err != nil {
		return err
	}
	return c.ask(ctx, prompt)
}

// ask shows a prompt of the service and waits for the person.
func (c *secretClient) ask(ctx context.Context, prompt dbus.ObjectPath) error {
	if prompt == nothing {
		return nil
	}
	if !c.prompt {
		_ = c.call(ctx, prompt, secretPrompt+"Dismiss").Err // it has not been shown
		return ErrLocked
	}
	signals := make(chan *dbus.Signal, 8)
	c.conn.Signal(signals)
	defer c.conn.RemoveSignal(signals)
	err := c.conn.AddMatchSignalContext(ctx, dbus.WithMatchObjectPath(prompt), dbus.WithMatchInterface("org.freedesktop.Secret.Prompt"))
	if err == nil {
		err = c.call(ctx, prompt, secretPrompt+"Prompt", "").Err
	}
	if err != nil {
		return err
	}
	for {
		select {
		case signal, ok := <-signals:
			if !ok {
				return because(ErrNoKeyring, dbus.ErrClosed)
			}
			if signal.Path != prompt || signal.Name != secretPrompt+"Completed" || len(signal.Body) == 0 {
				continue
			}
			if dismissed, ok := signal.Body[0].(bool); !ok || dismissed {
				return ErrDismissed
			}
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
