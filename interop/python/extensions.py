"""Adds tokens of one user to the file of MSAL Extensions for Python, each with
its own refresh token, and says so. Between them it looks for its former ones."""

import base64
import json
import sys

from msal_extensions import FilePersistence, PersistedTokenCache

path, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
cache = PersistedTokenCache(FilePersistence(path))
info = base64.urlsafe_b64encode(json.dumps({"uid": name, "utid": "t"}).encode()).decode()
print("ready", flush=True)
for i in range(count):
    token = "%s-%d" % (name, i)
    cache.add({
        "client_id": name + "-" + str(i),
        "scope": ["scope"],
        "token_endpoint": "https://login.example.com/tenant/oauth2/v2.0/token",
        "grant_type": "authorization_code",
        "response": {
            "token_type": "Bearer", "expires_in": 3600, "client_info": info,
            "access_token": "at-" + token, "refresh_token": "rt-" + token,
        },
    })
    print(token, flush=True)
    for kind, what in (("AccessToken", "at-"), ("RefreshToken", "rt-")):
        found = [e["secret"] for e in cache.find(kind, query={"client_id": name + "-" + str(i)})]
        if found != [what + token]:
            sys.exit("%s of %s is %s" % (kind, token, found))
