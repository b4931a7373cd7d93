package keyring

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// dpapi is the form of what Windows seals for the user who is signed in. All of
// Microsoft's libraries write it in the same way: for the user, without entropy.
type dpapi struct{}

func (dpapi) decode(sealed []byte) ([]byte, error) {
	var out windows.DataBlob
	err := windows.CryptUnprotectData(blob(sealed), nil, nil, 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, &out)
	if err != nil {
		return nil, because(ErrDamaged, err)
	}
	return taken(out)
}

func (dpapi) encode(value []byte) ([]byte, error) {
	var out windows.DataBlob
	if err := windows.CryptProtectData(blob(value), nil, nil, 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, &out); err != nil {
		return nil, because(ErrNoKeyring, err)
	}
	return taken(out)
}

func blob(data []byte) *windows.DataBlob {
	return &windows.DataBlob{Size: uint32(len(data)), Data: unsafe.SliceData(data)}
}

// taken copies what Windows allocated, wipes it and frees it.
func taken(out windows.DataBlob) ([]byte, error) {
	theirs := unsafe.Slice(out.Data, out.Size)
	data := append([]byte(nil), theirs...)
	clear(theirs)
	_, err := windows.LocalFree(windows.Handle(unsafe.Pointer(out.Data)))
	return data, err
}
