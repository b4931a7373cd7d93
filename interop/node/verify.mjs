// Verifies one JWT with jose and prints what it says as JSON. Standard input is
// one JSON document: {"jwt": "...", "certificate": PEM, "algorithms": [...],
// "audience": "...", "issuer": "..."}.
import { text } from 'node:stream/consumers';

import { importX509, jwtVerify } from 'jose';

const { jwt, certificate, algorithms, audience, issuer } = JSON.parse(await text(process.stdin));
const key = await importX509(certificate, algorithms[0]);
const { payload, protectedHeader } = await jwtVerify(jwt, key, {
  algorithms, audience, issuer, subject: issuer, typ: 'JWT', requiredClaims: ['exp', 'iat', 'nbf', 'jti'],
});
console.log(JSON.stringify({ payload, header: protectedHeader }));
