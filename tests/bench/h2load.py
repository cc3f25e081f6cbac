"""h2load as a client of the mock gateway: the yardstick."""
import base64
import json
import re
import subprocess
import time

from harness import TOPIC
from measured import RUN_SECONDS_MAX

CONNECTIONS, STREAMS = 4, 250
URIS_MAX = 10_000


def h2load(lab, gateway, tokens, requests):
    """Sends so many of the requests that the product sends to APNs, without a store: of the same
    size, with the same headers. Answers requests a second."""
    uris = lab.path("uris")
    if not uris.exists():
        base = f"https://127.0.0.1:{gateway.port}/3/device/"
        uris.write_text("".join(base + token + "\n" for token in list(tokens.values())[:URIS_MAX]))
        lab.write("body.json", json.dumps({"aps": {"alert": {
            "title": "20 % off", "body": "Hello Name42, today only: 20 % off everything, en."}},
            "notification_id": "0" * 36}))
    headers = {
        "authorization": "bearer " + provider_token(lab.path("AuthKey.p8")),
        "apns-topic": TOPIC, "apns-push-type": "alert", "apns-priority": "10",
        "apns-id": "01234567-89ab-cdef-0123-456789abcdef",
        "apns-collapse-id": "c" * 43, "apns-expiration": str(int(time.time()) + 43_200),
    }
    command = ["h2load", "-n", str(requests), "-c", str(CONNECTIONS), "-m", str(STREAMS),
               "-t", "1", "-i", str(uris), "-d", str(lab.path("body.json"))]
    for key, value in headers.items():
        command += ["-H", f"{key}: {value}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True,
                          timeout=RUN_SECONDS_MAX)
    accepted = int(re.search(r"status codes: (\d+) 2xx", done.stdout)[1])
    if accepted != requests:
        raise AssertionError("the gateway did not accept h2load's requests\n" + done.stdout)
    return float(re.search(r"finished in [\d.]+m?s, ([\d.]+) req/s", done.stdout)[1])


def provider_token(key_file):
    """An ES256 token as a provider makes it, signed by openssl."""
    def base64url(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    head = base64url(json.dumps({"alg": "ES256", "kid": "ABC123DEFG"}).encode())
    claims = base64url(json.dumps({"iss": "DEF123GHIJ", "iat": int(time.time())}).encode())
    der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", str(key_file)],
                         input=f"{head}.{claims}".encode(), capture_output=True, check=True).stdout
    # SEQUENCE { INTEGER r, INTEGER s } → r and s in 32 bytes each.
    r_end = 4 + der[3]
    r, s = der[4:r_end], der[r_end + 2:]
    return f"{head}.{claims}." + base64url(
        b"".join(part.lstrip(b"\0").rjust(32, b"\0") for part in (r, s)))
