"""Four gateways of four kinds behind one campaign, each a process with a ledger of its own."""
import random

from harness import (PLAIN_PREFIX, FcmMockGateway, Lab, MockGateway, bytes_between, fault_prefix,
                     token_of, wait_until)
from push_service import MockPushService

WEBHOOK_SECRET = "a secret of the test"


class Corner(Lab):
    """A folder of its own in another lab, which stops its processes."""

    def __init__(self, lab, name):
        self.folder = lab.path(name, "x").parent
        self.processes = lab.processes
        self.counter = 0


class MockWebhook(MockGateway):
    name = "hook"
    kind = "webhook"

    def __init__(self, lab, faults=(), latency=None):
        super().__init__(lab, faults, latency, more=("--webhook-secret", WEBHOOK_SECRET))

    def server_lines(self, lab):
        keys = {"type": "webhook", "url": f"https://127.0.0.1:{self.port}/hook",
                "secret": f'"{WEBHOOK_SECRET}"', "ca_file": lab.path("ca.pem"), **self.keys}
        return "  hook:\n" + "".join(f"    {key}: {value}\n" for key, value in keys.items())


# platform → its gateway.
KINDS = {"ios": MockGateway, "android": FcmMockGateway, "browser": MockPushService,
         "partner": MockWebhook}


class Fleet:
    """Looks like one gateway to a test: what it is asked, it asks of all four."""
    kind = "fleet"
    name = "{ios: apns, android: fcm, browser: web, partner: hook}"

    def __init__(self, lab, faults=(), latency=None, faulty=("ios", "android")):
        self.faults, self.faulty = faults, faulty
        self.members = {platform: make(Corner(lab, platform),
                                       faults=faults if platform in faulty else (),
                                       latency=latency)
                        for platform, make in KINDS.items()}
        self.keys = Keys(member.keys for member in self.members.values())

    def server_lines(self, _lab):
        return "".join(member.server_lines(member.lab) for member in self.members.values())

    # -- who gets what ----------------------------------------------------------------------

    @staticmethod
    def platform_of(appid):
        """A hundred devices of each platform after the other: each platform meets each fault."""
        return list(KINDS)[int(appid[2:]) // 100 % len(KINDS)]

    def fault_of(self, appid):
        fate = int(appid[2:]) % 100
        is_met = self.platform_of(appid) in self.faulty and fate < len(self.faults)
        return self.faults[fate] if is_met else None

    def leaves_doubt(self, appid):
        fault = self.fault_of(appid)
        return fault is not None and self.members[self.platform_of(appid)].doubtful(fault)

    def audience_file(self, lab, devices, seed=1, faults=(), name="audience.csv"):
        """Answers appid → token, as the ledgers name it; `faults` are those of the beginning."""
        assert tuple(faults) in ((), tuple(self.faults))
        web = self.members["browser"]
        tokens, rows = {}, []
        for number in range(devices):
            appid = f"d-{number:06d}"
            platform, fate = self.platform_of(appid), number % 100
            prefix = fault_prefix(fate) if self.fault_of(appid) else PLAIN_PREFIX
            token = prefix + token_of(appid)[len(prefix):]
            address = {"ios": f"{token},,,", "android": f"{token}{FcmMockGateway.token_end},,,",
                       "browser": f",{web.endpoint(token)},{web.p256dh},{web.auth}",
                       "partner": ",,,"}[platform]
            tokens[appid] = {"android": token + FcmMockGateway.token_end,
                             "partner": appid}.get(platform, token)
            rows.append(f"{appid},{address},{platform},en,Name{number % 97}\n")
        random.Random(seed).shuffle(rows)
        with open(lab.path(name), "w", encoding="utf-8") as file:
            file.write("appid,token,endpoint,p256dh,auth,platform,locale,first_name\n")
            file.writelines(rows)
        return tokens

    # -- all of them ------------------------------------------------------------------------

    @property
    def ledger_paths(self):
        return [member.ledger_path for member in self.members.values()]

    def ledger_lines(self):
        return sum(member.ledger_lines() for member in self.members.values())

    def ledger_bytes(self):
        return sum(member.ledger_bytes() for member in self.members.values())

    def bytes_between(self):
        """Of the one that has most on its way."""
        return max(bytes_between(member.port) for member in self.members.values())

    def wire_max(self):
        return sum(member.wire_max() for member in self.members.values())

    def freeze(self):
        for member in self.members.values():
            member.freeze()

    def thaw(self):
        for member in self.members.values():
            member.thaw()

    def settle(self):
        for member in self.members.values():
            member.settle()

    def wait_lines(self, lines):
        wait_until(lambda: self.ledger_lines() >= lines, f"{lines} lines in the ledgers")


class Keys:
    """The same server file keys for all."""

    def __init__(self, all_keys):
        self.all_keys = list(all_keys)

    def update(self, **keys):
        for one in self.all_keys:
            one.update(keys)

    def __getitem__(self, key):
        return self.all_keys[0][key]
