"""Plays a program with msal-extensions: persistence.py read|write|add KIND PATH [TEXT [COUNT]]

KIND is libsecret or file. read prints what is there, write puts TEXT there, and
add appends TEXT, COUNT times, under the lock of the library."""
import sys

import msal_extensions

action, kind, path = sys.argv[1:4]
if kind == "file":
    store = msal_extensions.FilePersistence(path)
else:
    store = msal_extensions.LibsecretPersistence(path, schema_name="com.example.cache", attributes={"app": "test"})


def load():
    try:
        return store.load()
    except msal_extensions.persistence.PersistenceNotFound:
        return ""


if action == "read":
    sys.stdout.write(load())
elif action == "write":
    store.save(sys.argv[4])
else:
    for i in range(int(sys.argv[5])):
        with msal_extensions.CrossPlatLock(path + ".lockfile"):
            store.save(load() + sys.argv[4] + "\n")
