"""The gateways beside each other: each sends an audience of its own to a mock gateway of its own,
and h2load sends to an APNs mock in the same minute. And what latency costs."""
from fleet import Corner, MockWebhook
from h2load import h2load
from harness import FcmMockGateway, MockGateway, SqliteStore
from judge import judge_campaign
from measured import Figures, Measured, cpu_seconds
from push_service import MockPushService

# Nobody tunes: these are the server file's own values where it has none.
CONNECTIONS, IN_FLIGHT = 16, 1000
# What a mock gateway lets a connection have open.
STREAMS_MAX = 1000
LATENCY_SECONDS = 0.05
# A run under a limit of its own lasts about so long.
LIMITED_SECONDS = 10
LIMITED_DEVICES_MIN = 2000
LATENCY_GOAL = ("≥ 0.95", "0.85")


class PlainMockGateway(MockGateway):
    """h2load does not open one stream first, as APNs asks for."""

    def __init__(self, lab, latency=None):
        super().__init__(lab, latency=latency, more=("--first-streams", str(STREAMS_MAX)))


class SealedPushService(MockPushService):
    """Takes what is encrypted and does not read it: that would cost as much as encrypting."""

    def __init__(self, lab, latency=None):
        self.make_keys(lab, None)
        MockGateway.__init__(self, lab, latency=latency,
                             more=("--vapid-public-key", self.vapid_public_key))


class Hook(MockWebhook):
    def audience_file(self, lab, devices):
        """No column `token`: the appid is address enough."""
        tokens = {f"d-{number:06d}": f"d-{number:06d}" for number in range(devices)}
        lab.write("audience.csv", "appid,locale,first_name\n" + "".join(
            f"{appid},en,Name{number % 97}\n" for number, appid in enumerate(tokens)))
        return tokens


# name → its mock gateway, and what its entry in the server file says besides.
GATEWAYS = {
    "apns": (PlainMockGateway, {}),
    "fcm": (FcmMockGateway, {}),
    "webpush": (SealedPushService, {}),
    "webhook-http2": (Hook, {"protocol": "http2"}),
    "webhook-http1": (Hook, {"protocol": "http1"}),
}
# Runs at a latency of 50 ms: the gateway, what its entry says, how many requests a connection
# carries at once.
DELAYED = {
    "apns, as it is": ("apns", {}, IN_FLIGHT),
    "apns, 2 connections of 100": ("apns", {"connections": 2, "in_flight": 100}, 100),
    "webhook-http1, 64 connections": ("webhook-http1", {"connections": 64}, 1),
}


class Site:
    """A gateway, its mock and its audience in a folder of their own, and a store for them."""

    def __init__(self, lab, folder, name, devices, more=(), latency=None):
        self.lab = Corner(lab, folder)
        make, keys = GATEWAYS[name]
        self.gateway = make(self.lab, latency=latency)
        self.gateway.keys = {**keys, **dict(more)}
        self.store = SqliteStore(self.lab)
        self.config = self.lab.server_file(self.store, self.gateway)
        self.tokens = self.gateway.audience_file(self.lab, devices)
        self.lab.run("store", "init", config=self.config)

    def launch(self, campaign):
        """One campaign over the whole audience; answers its Measured and the mock's CPU seconds."""
        file = self.lab.campaign_file(campaign, gateway=self.gateway.name)
        before = cpu_seconds(self.gateway.process.pid)
        run = Measured(self.gateway, self.lab.pushonce(
            "launch", file, "--yes", "--despite-similar", config=self.config)).follow()
        return run, cpu_seconds(self.gateway.process.pid) - before

    def judge(self, campaign):
        """Only where the ledger holds this campaign alone."""
        return judge_campaign(self.store, self.gateway, self.tokens, campaign,
                              self.lab.report(campaign, self.config)).violations

    def close(self):
        self.gateway.stop()


class GatewayBench:
    def __init__(self, lab, devices):
        self.lab, self.devices = lab, devices
        self.figures = Figures({f"{name}, at 50 ms / what bounds it": LATENCY_GOAL
                                for name in DELAYED})
        self.violations = []
        self.sites = 0
        self.cpu_in_use = {}  # by gateway, in the round's run without latency

    def run(self, names, rounds):
        unknown = [name for name in names if name not in GATEWAYS]
        if unknown:
            raise SystemExit(f"no such gateway: {', '.join(unknown)}; there are "
                             + ", ".join(GATEWAYS))
        yardstick = self.site("apns", self.devices)
        for _ in range(rounds):
            for name in names:
                self.measure(name, yardstick)
            for title, (name, more, streams) in DELAYED.items():
                if name in names:
                    self.measure_delayed(title, name, more, streams)
        yardstick.close()
        self.figures.print()

    def site(self, *arguments, **options):
        self.sites += 1
        return Site(self.lab, f"site-{self.sites}", *arguments, **options)

    def measure(self, name, yardstick):
        site = self.site(name, self.devices)
        run, mock_cpu = site.launch("sale")
        rate = self.devices / run.sending_seconds()
        self.violations += [f"{name}: {violation}" for violation in site.judge("sale")]
        site.close()
        self.cpu_in_use[name] = (run.sending_cpu() + mock_cpu) / run.sending_seconds()
        theirs = h2load(yardstick.lab, yardstick.gateway, yardstick.tokens, self.devices)
        note = self.figures.note
        note("h2load: requests/s", theirs)
        note(f"{name}: messages/s", rate)
        note(f"{name} / h2load", rate / theirs)
        note(f"{name}: dispatcher CPU µs/message", 1e6 * run.sending_cpu() / self.devices)
        note(f"{name}: mock gateway CPU µs/message", 1e6 * mock_cpu / self.devices)
        note(f"{name}: resident while sending, MiB", run.resident)

    def measure_delayed(self, title, name, more, streams):
        """Holds a rate against the smaller of what the settings allow at this latency and what this
        gateway reached in the same round without any."""
        wire = more.get("connections", CONNECTIONS) * min(streams, STREAMS_MAX)
        cpu_limit = self.figures.last(f"{name}: messages/s")
        bound = min(cpu_limit, wire / LATENCY_SECONDS)
        devices = self.devices
        if bound < cpu_limit:
            devices = max(LIMITED_DEVICES_MIN, min(devices, int(bound * LIMITED_SECONDS)))
        site = self.site(name, devices, more, latency=f"{LATENCY_SECONDS * 1000:.0f}ms")
        run, mock_cpu = site.launch("sale")
        # A ledger line is written when a request comes: the last one's answer comes later.
        rate = devices / (run.sending_seconds() + LATENCY_SECONDS)
        self.violations += [f"{title}: {violation}" for violation in site.judge("sale")]
        site.close()
        self.figures.note(f"{title}, at 50 ms: messages/s", rate)
        self.figures.note(f"{title}, at 50 ms: bound, messages/s", bound)
        self.figures.note(f"{title}, at 50 ms / what bounds it", rate / bound)
        # More open requests cost more CPU each: who uses as much of it is bound by nothing else.
        in_use = (run.sending_cpu() + mock_cpu) / run.sending_seconds()
        self.figures.note(f"{title}: CPU in use at 50 ms / without latency",
                          in_use / self.cpu_in_use[name])
