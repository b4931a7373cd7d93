package keyring

import (
	"context"
	"fmt"
	"unsafe"

	"github.com/ebitengine/purego"
)

// A keychainPlace is a generic password of the default keychain, as MSAL
// Extensions make it. Compiled and vetted, but not run.
type keychainPlace struct {
	service, account string
	prompt           bool
}

// The numbers of Security/SecBase.h.
const (
	errSecUserCanceled          = -128
	errSecNotAvailable          = -25291
	errSecAuthFailed            = -25293
	errSecNoSuchKeychain        = -25294
	errSecItemNotFound          = -25300
	errSecNoDefaultKeychain     = -25307
	errSecInteractionNotAllowed = -25308
)

// keychain has the functions of Security/SecKeychain.h and SecKeychainItem.h,
// which need no dictionary types of Core Foundation. They are linked at run time,
// since cgo is not wanted.
type keychain struct {
	find func(keychain uintptr, serviceLen uint32, service *byte, accountLen uint32, account *byte,
		length *uint32, data *unsafe.Pointer, item *uintptr) int32
	add func(keychain uintptr, serviceLen uint32, service *byte, accountLen uint32, account *byte,
		length uint32, data *byte, item *uintptr) int32
	modify      func(item uintptr, attributes uintptr, length uint32, data *byte) int32
	remove      func(item uintptr) int32
	freeContent func(attributes uintptr, data unsafe.Pointer) int32
	getAllowed  func(state *uint8) int32
	setAllowed  func(state uint8) int32
	release     func(object uintptr)
}

func loadKeychain() (k keychain, err error) {
	security, err := purego.Dlopen("/System/Library/Frameworks/Security.framework/Security", purego.RTLD_LAZY|purego.RTLD_GLOBAL)
	if err != nil {
		return k, because(ErrNoKeyring, err)
	}
	foundation, err := purego.Dlopen("/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation", purego.RTLD_LAZY|purego.RTLD_GLOBAL)
	if err != nil {
		return k, because(ErrNoKeyring, err)
	}
	for _, f := range []struct {
		library uintptr
		name    string
		to      any
	}{
		{security, "SecKeychainFindGenericPassword", &k.find},
		{security, "SecKeychainAddGenericPassword", &k.add},
		{security, "SecKeychainItemModifyAttributesAndData", &k.modify},
		{security, "SecKeychainItemDelete", &k.remove},
		{security, "SecKeychainItemFreeContent", &k.freeContent},
		{security, "SecKeychainGetUserInteractionAllowed", &k.getAllowed},
		{security, "SecKeychainSetUserInteractionAllowed", &k.setAllowed},
		{foundation, "CFRelease", &k.release},
	} {
		symbol, err := purego.Dlsym(f.library, f.name)
		if err != nil {
			return k, because(ErrNoKeyring, err)
		}
		purego.RegisterFunc(f.to, symbol)
	}
	return k, nil
}

func (p keychainPlace) get(ctx context.Context) ([]byte, error) {
	var value []byte
	err := p.with(ctx, func(k keychain) error {
		item, data, err := p.find(k)
		if item != 0 {
			k.release(item)
		}
		value = data
		return err
	})
	if err != nil { // and then f may still be running
		return nil, err
	}
	return value, nil
}

func (p keychainPlace) set(ctx context.Context, value []byte) error {
	return p.with(ctx, func(k keychain) error {
		item, _, err := p.find(k)
		if err != nil {
			return err
		}
		if item == 0 {
			return status(k.add(0, uint32(len(p.service)), text(p.service), uint32(len(p.account)), text(p.account),
				uint32(len(value)), unsafe.SliceData(value), nil))
		}
		defer k.release(item)
		return status(k.modify(item, 0, uint32(len(value)), unsafe.SliceData(value)))
	})
}

func (p keychainPlace) remove(ctx context.Context) error {
	return p.with(ctx, func(k keychain) error {
		item, _, err := p.find(k)
		if err != nil || item == 0 {
			return err
		}
		defer k.release(item)
		return status(k.remove(item))
	})
}

// find returns the item, which has to be released, and a copy of its secret; zero
// if there is none.
func (p keychainPlace) find(k keychain) (item uintptr, value []byte, err error) {
	var length uint32
	var data unsafe.Pointer
	switch code := k.find(0, uint32(len(p.service)), text(p.service), uint32(len(p.account)), text(p.account), &length, &data, &item); code {
	case 0:
	case errSecItemNotFound:
		return 0, nil, nil
	default:
		return 0, nil, status(code)
	}
	theirs := unsafe.Slice((*byte)(data), length)
	value = append(value, theirs...)
	clear(theirs)
	k.freeContent(0, data)
	return item, value, nil
}

func (p keychainPlace) with(ctx context.Context, f func(keychain) error) error {
	k, err := loadKeychain()
	if err != nil {
		return err
	}
	return p.converse(ctx, k, f)
}

// promptSwitch is who may touch the switch for prompts, of which macOS has one
// for the whole process: one conversation must not switch it on for another.
var promptSwitch = turn{taken: make(chan struct{}, 1)}

type turn struct{ taken chan struct{} }

// converse runs f with prompts switched off, unless they are wanted. A keychain
// that does not answer is left behind: its functions know no time-out. It keeps
// its turn, as the switch is still as it needs it.
func (p keychainPlace) converse(ctx context.Context, k keychain, f func(keychain) error) error {
	select {
	case promptSwitch.taken <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	done := make(chan error, 1)
	go func() {
		err := p.quietly(k, f)
		<-promptSwitch.taken
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p keychainPlace) quietly(k keychain, f func(keychain) error) error {
	if p.prompt {
		return f(k)
	}
	var before uint8
	if err := status(k.getAllowed(&before)); err != nil {
		return err // else it might prompt
	}
	if before != 0 {
		if err := status(k.setAllowed(0)); err != nil {
			return err
		}
		defer k.setAllowed(before)
	}
	return f(k)
}

func text(s string) *byte { return unsafe.StringData(s) }

// status makes an error of what Security answers.
func status(code int32) error {
	if code == 0 {
		return nil
	}
	err := fmt.Errorf("macOS status %d", code)
	switch code {
	case errSecInteractionNotAllowed, errSecAuthFailed:
		return because(ErrLocked, err)
	case errSecUserCanceled:
		return because(ErrDismissed, err)
	case errSecNotAvailable, errSecNoSuchKeychain, errSecNoDefaultKeychain:
		return because(ErrNoKeyring, err)
	}
	return err
}
