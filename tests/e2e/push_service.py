"""The two servers that play a web push service, and an audience of subscriptions for them."""
import base64
import json
import os
import random
import shutil
import subprocess

from harness import (PLAIN_PREFIX, ROOT, MockGateway, PeerGateway, fault_prefix, milliseconds,
                     token_of)

POINT_BYTES = 65
AUTH_BYTES = 16


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def make_key(folder, name):
    """A P-256 key in a PEM file; answers its public point, base64url."""
    path = folder / name
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path],
                   check=True, stderr=subprocess.DEVNULL)
    public = subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"],
                            check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    return base64url(public[-POINT_BYTES:])


class Subscribers:
    """What both servers know of their subscribers, and how campaigns name them."""
    name = "web"

    def make_keys(self, lab, like):
        """New keys, or those of another service, whose subscribers this one has too."""
        if like is not None:
            for name in ("vapid.pem", "subscriber.pem"):
                shutil.copy(like.lab.path(name), lab.path(name))
            self.vapid_public_key, self.p256dh, self.auth = (
                like.vapid_public_key, like.p256dh, like.auth)
            return
        self.vapid_public_key = make_key(lab.folder, "vapid.pem")
        self.p256dh = make_key(lab.folder, "subscriber.pem")
        self.auth = base64url(os.urandom(AUTH_BYTES))

    def server_lines(self, lab):
        keys = {"type": "webpush", "vapid_key_file": lab.path("vapid.pem"),
                "subject": '"mailto:ops@example.com"', "private_endpoints": "allow",
                "ca_file": lab.path("ca.pem"), **self.keys}
        return "  web:\n" + "".join(f"    {key}: {value}\n" for key, value in keys.items())

    def endpoint(self, token):
        return f"https://127.0.0.1:{self.port}/push/{token}"

    def row(self, appid, endpoint):
        return f"{appid},{endpoint},{self.p256dh},{self.auth},web,en,Name\n"

    def audience_file(self, lab, devices, seed=1, faults=(), name="audience.csv"):
        """As Lab.audience_file; a token is what stands behind /push/ in the endpoint."""
        tokens = {}
        for number in range(devices):
            appid, fate = f"d-{number:06d}", number % 100
            prefix = fault_prefix(fate) if fate < len(faults) else PLAIN_PREFIX
            tokens[appid] = prefix + token_of(appid)[len(prefix):]
        rows = list(tokens.items())
        random.Random(seed).shuffle(rows)
        with open(lab.path(name), "w", encoding="utf-8") as file:
            file.write("appid,endpoint,p256dh,auth,platform,locale,first_name\n")
            for appid, token in rows:
                file.write(self.row(appid, self.endpoint(token)))
        return tokens

    @staticmethod
    def doubtful(fault):
        """A push service's 503 may come after the message was taken."""
        return fault.doubt or fault.name == "unavailable"


class MockPushService(Subscribers, MockGateway):
    """The mock gateway that ships, decrypting what it gets."""
    more = ()

    def __init__(self, lab, faults=(), latency=None, like=None):
        self.make_keys(lab, like)
        super().__init__(lab, faults, latency, more=(
            "--vapid-public-key", self.vapid_public_key, "--subscriber-key",
            lab.path("subscriber.pem"), f"--subscriber-auth={self.auth}", *self.more))


class OldMockPushService(MockPushService):
    """The same without HTTP/2."""
    more = ("--http1-only",)


class PeerPushService(Subscribers, PeerGateway):
    """tests/peers/push_service.mjs, which shares nothing with the product."""
    script = ROOT / "tests" / "peers" / "push_service.mjs"

    def __init__(self, lab, faults=(), latency=None):
        self.make_keys(lab, None)
        super().__init__(lab, faults, latency)

    def peer_options(self, lab, rules, latency):
        return lab.write("peer.json", json.dumps({
            "port": self.port, "cert": str(lab.path("server.pem")),
            "key": str(lab.path("server.key")), "ledger": str(self.ledger_path),
            "vapidPublicKey": self.vapid_public_key,
            "subscriberKey": str(lab.path("subscriber.pem")), "subscriberAuth": self.auth,
            "latencyMs": milliseconds(latency or "0ms"), "faults": rules}))
