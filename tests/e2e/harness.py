"""What every end-to-end test needs: a place of its own, real servers on free ports, real processes.

Nothing here waits blindly: every wait names its condition and its deadline. Everything that a Lab
started is stopped by its pid when the Lab ends, and its files vanish unless the test failed.
"""
import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("PUSHONCE", str(ROOT / "build" / "dev" / "dispatcher" / "pushonce"))
# A run that hangs fails after this long; no test waits for it when all is well.
HANG_SECONDS = 120
POLL_SECONDS = 0.01
TOPIC = "com.example.app"
# More than what a connection says without a request (PING, SETTINGS, WINDOW_UPDATE in TLS records).
REQUEST_BYTES_MIN = 200
TCP_ESTABLISHED = "01"

PROGRESS = threading.Event()  # never set: its wait() is the pause between two looks


def wait_until(condition, what, seconds=HANG_SECONDS, poll=POLL_SECONDS):
    """Returns the first truthy answer of `condition`; fails, saying what was awaited."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain: {what}")
        PROGRESS.wait(poll)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accepts(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def tcp_queues(port):
    """(bytes unread by the sockets of a local port, bytes unread by those connected to it)."""
    wanted = f":{port:04X}"
    here = there = 0
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        unread = int(fields[4].split(":")[1], 16)
        if fields[3] != TCP_ESTABLISHED:
            continue
        if fields[1].endswith(wanted):
            here += unread
        elif fields[2].endswith(wanted):
            there += unread
    return here, there


def unread_bytes(port):
    """Bytes that the kernel holds for the server at `port` and it has not read."""
    return tcp_queues(port)[0]


def bytes_between(port):
    """Bytes on their way between the server at `port` and its clients, either way."""
    return sum(tcp_queues(port))


class Process:
    """A child process with its output in files."""

    def __init__(self, arguments, folder, name, env=None):
        self.name = name
        self.arguments = [str(a) for a in arguments]
        self.out_path = pathlib.Path(folder, name + ".out")
        self.err_path = pathlib.Path(folder, name + ".err")
        with open(self.out_path, "ab") as out, open(self.err_path, "ab") as err:
            self.popen = subprocess.Popen(
                self.arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                env={**os.environ, **(env or {})}, cwd=folder)
        self.pid = self.popen.pid

    @property
    def out(self):
        return self.out_path.read_text(errors="replace")

    @property
    def err(self):
        return self.err_path.read_text(errors="replace")

    def running(self):
        return self.popen.poll() is None

    def signal(self, number):
        if self.running():
            os.kill(self.pid, number)

    def wait(self, seconds=HANG_SECONDS):
        """The exit code; a process killed by a signal answers minus the signal."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {seconds} s\n{self.tail()}")

    def kill9(self):
        self.signal(signal.SIGKILL)
        return self.wait()

    def stop(self):
        """Asks, then insists."""
        if self.running():
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
            try:
                self.popen.wait(10)
            except subprocess.TimeoutExpired:
                self.kill9()

    def tail(self, lines=40):
        text = f"$ {' '.join(self.arguments)}\n"
        for path in (self.out_path, self.err_path):
            text += f"--- {path.name}\n" + "\n".join(
                path.read_text(errors="replace").splitlines()[-lines:]) + "\n"
        return text


class Lab:
    """A temporary folder and the processes of one test."""

    def __init__(self, name):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"pushonce-{name}-"))
        self.processes = []
        self.counter = 0

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None and not issubclass(kind, unittest.SkipTest):
            for process in self.processes:
                if process.running():
                    print("still running: " + process.tail(12))
        for process in reversed(self.processes):
            process.stop()
        if kind is None or not os.environ.get("KEEP_FAILED"):
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            print(f"kept for a look: {self.folder}")

    def path(self, *parts):
        path = self.folder.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def write(self, name, text):
        path = self.path(name)
        path.write_text(text, encoding="utf-8")
        return path

    def start(self, arguments, name, env=None):
        self.counter += 1
        process = Process(arguments, self.folder, f"{self.counter:03d}-{name}", env)
        self.processes.append(process)
        return process

    # -- people's files ---------------------------------------------------------------------

    def server_file(self, store, gateway, name="server.yaml", **store_keys):
        keys = {"lease": "30s", "patience": "60s", **store_keys}
        text = "store:\n  url: " + store.url + "\n"
        if store.password:
            text += f'  password: "{store.password}"\n'
        text += "".join(f"  {key}: {value}\n" for key, value in keys.items())
        text += f"journal: {{dir: {self.path('journal')}, sync: false}}\n"
        text += "gateways:\n" + gateway.server_lines(self)
        text += "log: {level: info, format: text}\n"
        return self.write(name, text)

    def template_file(self):
        return self.write("templates/promo.yaml", TEMPLATE)

    def campaign_file(self, name="sale", audience="audience.csv", file=None, gateway="apns",
                      **delivery):
        self.template_file()
        delivery = {"retry": "{attempts: 6, first: 100ms, max: 1s}", **delivery}
        text = (f"campaign: {name}\naudience:\n  file: {audience}\ngateway: {gateway}\n"
                "message:\n  template: templates/promo.yaml\n  data: {discount: 20}\n"
                "  ttl: 12h\n  priority: high\n  collapse: auto\ndelivery:\n")
        text += "".join(f"  {key}: {value}\n" for key, value in delivery.items())
        return self.write(file or f"{name}.yaml", text)

    def audience_file(self, devices, name="audience.csv", seed=1, faults=(), token_end=""):
        """A shuffled CSV of so many devices; answers appid → token. One device in a hundred per
        fault gets a token that the gateway's fault rules pick (see fault_prefix)."""
        rows = []
        for number in range(devices):
            appid, fate = f"d-{number:06d}", number % 100
            prefix = fault_prefix(fate) if fate < len(faults) else PLAIN_PREFIX
            rows.append((appid, prefix + token_of(appid)[len(prefix):] + token_end))
        tokens = dict(rows)
        random.Random(seed).shuffle(rows)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write("appid,token,platform,locale,first_name\n")
            for number, (appid, token) in enumerate(rows):
                locale = ("en", "de", "de-AT", "fr")[number % 4]
                file.write(f"{appid},{token},ios,{locale},Name{number % 97}\n")
        return tokens

    # -- the product ------------------------------------------------------------------------

    def pushonce(self, *arguments, config=None, env=None):
        """Starts a command and answers its process."""
        command = [BINARY]
        if config is not None:
            command += ["--config", config]
        return self.start(command + list(arguments), str(arguments[0]).strip("-"), env)

    def run(self, *arguments, config=None, expect=0, env=None, seconds=HANG_SECONDS):
        """Runs a command to its end and checks its exit code; `expect` may be a set of codes."""
        process = self.pushonce(*arguments, config=config, env=env)
        code = process.wait(seconds)
        wanted = expect if isinstance(expect, (set, tuple, list)) else {expect}
        if code not in wanted:
            raise AssertionError(f"exit {code}, not {sorted(wanted)}\n{process.tail()}")
        process.code = code
        return process

    def report(self, campaign, config):
        """The report's lines, as dictionaries."""
        done = self.run("report", campaign, "--format", "ndjson", config=config)
        return [json.loads(line) for line in done.out.splitlines()]

    def status(self, campaign, config):
        return json.loads(self.run("--json", "status", campaign, config=config).out)


TEMPLATE = """default: en
locales:
  en:
    title: "{{discount}} % off"
    body: "Hello {{first_name}}, today only."
  de:
    title: "{{discount}} % Rabatt"
    body: "Hallo {{first_name}}, nur heute."
apns: {aps: {sound: default}}
"""


PLAIN_PREFIX = "00"


def fault_prefix(number):
    """The beginning of the tokens that meet fault `number`."""
    return f"fa{number:02x}"


def token_of(appid):
    """A device token that looks like APNs': 64 hexadecimal digits."""
    return hashlib.sha256(appid.encode()).hexdigest()


# -- stores -------------------------------------------------------------------------------------


class SqliteStore:
    kind = "sqlite"
    password = None

    def __init__(self, lab, name="pushonce.db"):
        self.path = lab.path("store", name)
        self.url = f"sqlite:{self.path}"

    def rows(self, sql):
        """The answer of a read-only statement; binary columns as bytes."""
        with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as db:
            return db.execute(sql).fetchall()

    def is_idle(self):
        """Whether no process is in a writing transaction."""
        with contextlib.closing(sqlite3.connect(self.path, timeout=0)) as db:
            try:
                db.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            db.execute("ROLLBACK")
            return True

    def stop(self):
        pass


class MariaDbStore:
    """A MariaDB server of the test's own: TCP on a free port, a database, a user."""
    kind = "mariadb"
    password = "s3cret"

    def __init__(self, lab, folder="mariadb"):
        self.lab = lab
        self.folder = lab.path(folder, "x").parent
        self.port = free_port()
        self.socket = self.folder / "s.sock"
        self.process = None
        (self.folder / "tmp").mkdir()
        made = subprocess.run(
            ["mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={self.folder}/data",
             # A server that starts removes tables from its temporary folder, whosever they are.
             f"--tmpdir={self.folder}/tmp",
             "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
             "--innodb-use-native-aio=0"],  # of which the kernel has a limited number
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if made.returncode != 0:
            raise AssertionError("mariadb-install-db failed:\n" + made.stdout[-4000:])
        self.start()
        self.prepare()

    def prepare(self):
        self.execute("CREATE DATABASE pushonce;" + "".join(
            f"CREATE USER app@'{host}' IDENTIFIED BY '{self.password}';"
            f"GRANT ALL ON pushonce.* TO app@'{host}';" for host in ("127.0.0.1", "localhost")))

    @property
    def url(self):
        return f"mysql://app@127.0.0.1:{self.port}/pushonce"

    def start(self):
        self.process = self.lab.start(
            ["mariadbd", "--no-defaults", "--user=root", f"--datadir={self.folder}/data",
             f"--socket={self.socket}", f"--port={self.port}", "--bind-address=127.0.0.1",
             f"--pid-file={self.folder}/pid", f"--log-error={self.folder}/err.log",
             f"--tmpdir={self.folder}/tmp", "--skip-name-resolve",
             "--innodb-buffer-pool-size=256M", "--innodb-flush-log-at-trx-commit=1"], "mariadbd")
        wait_until(self.answers, "MariaDB answers", seconds=60, poll=0.05)

    def answers(self):
        if not self.process.running():
            raise AssertionError("mariadbd ended: " +
                                 (self.folder / "err.log").read_text(errors="replace")[-2000:])
        return self.socket.exists() and self.client("SELECT 1").returncode == 0

    def client(self, sql, database="", batch=()):
        return subprocess.run(
            ["mariadb", "--no-defaults", "-uroot", "-S", str(self.socket), *batch, "-e", sql,
             *([database] if database else [])], capture_output=True, text=True)

    def execute(self, sql, database=""):
        done = self.client(sql, database)
        if done.returncode != 0:
            raise AssertionError(f"{sql}: {done.stderr}")
        return done.stdout

    def rows(self, sql):
        """As SqliteStore.rows; ask for HEX(column) where bytes are wanted."""
        done = self.client(sql, "pushonce", batch=("-N", "-B", "--raw"))
        if done.returncode != 0:
            raise AssertionError(f"{sql}: {done.stderr}")
        return [tuple(None if v == "NULL" else v for v in line.split("\t"))
                for line in done.stdout.splitlines()]

    def is_idle(self):
        """Whether no session is in a transaction. The server refreshes that table ten times a
        second, so it is asked until it says the same twice."""
        def open_transactions():
            return self.rows("SELECT count(*) FROM information_schema.innodb_trx")[0][0]
        first = open_transactions()
        PROGRESS.wait(0.15)
        return first == "0" and open_transactions() == "0"

    def stop(self):
        self.process.stop()

    def kill9(self):
        self.process.kill9()


class MySqlStore(MariaDbStore):
    """A real MySQL 9 server, in the root folder that scripts/fetch-mysql made."""
    kind = "mysql"

    def __init__(self, lab, root):
        self.root = pathlib.Path(root)
        self.lab = lab
        (self.root / "my").mkdir(exist_ok=True)
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=self.root / "my"))
        self.inside = pathlib.Path("/my", self.folder.name)
        self.port = free_port()
        self.socket = self.folder / "s.sock"
        (self.folder / "tmp").mkdir()
        subprocess.run(self.server("--initialize-insecure"), check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.start()
        self.prepare()

    def server(self, *more):
        return ["chroot", str(self.root), "/usr/sbin/mysqld", "--no-defaults", "--user=root",
                f"--datadir={self.inside}/data", f"--log-error={self.inside}/err.log",
                f"--tmpdir={self.inside}/tmp", "--secure-file-priv=NULL", *more]

    def start(self):
        self.process = self.lab.start(self.server(
            f"--socket={self.inside}/s.sock", f"--port={self.port}", "--bind-address=127.0.0.1",
            "--mysqlx=OFF", f"--pid-file={self.inside}/pid", "--skip-name-resolve"), "mysqld")
        wait_until(self.answers, "MySQL answers", seconds=60, poll=0.05)

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


STORES = {"sqlite": SqliteStore, "mariadb": MariaDbStore}


# -- gateways -----------------------------------------------------------------------------------


def make_certificates(folder):
    """An authority and a server certificate for 127.0.0.1, and an ES256 provider key."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, cwd=folder,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    curve = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    openssl("genpkey", *curve, "-out", "ca.key")
    openssl("req", "-x509", "-new", "-key", "ca.key", "-days", "30", "-subj", "/CN=Test authority",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", "ca.pem")
    openssl("genpkey", *curve, "-out", "server.key")
    openssl("req", "-new", "-key", "server.key", "-subj", "/CN=127.0.0.1", "-out", "server.csr")
    # Key usage and key identifiers are what strict clients ask for.
    pathlib.Path(folder, "san").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n"
                                           "subjectKeyIdentifier=hash\n"
                                           "authorityKeyIdentifier=keyid\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "30",
            "-CAcreateserial", "-extfile", "san", "-out", "server.pem")
    openssl("genpkey", *curve, "-out", "AuthKey.p8")
    openssl("pkey", "-in", "AuthKey.p8", "-pubout", "-out", "provider.pub")


def make_service_account(path, token_uri, **changes):
    """A service account's file as Google hands them out."""
    key = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt",
                          "rsa_keygen_bits:2048"], check=True, capture_output=True, text=True)
    path.write_text(json.dumps({
        "type": "service_account", "project_id": "shop-1", "private_key_id": "0123456789abcdef",
        "private_key": key.stdout, "token_uri": token_uri,
        "client_email": "pushonce@shop-1.iam.gserviceaccount.com", **changes}))
    return path


class Gateway:
    """What the servers that play gateways have in common: a ledger that we only read."""
    name = "apns"   # in server and campaign files; and the type
    token_end = ""  # what makes 64 hexadecimal digits a token of this gateway

    def __init__(self, lab, faults=()):
        self.lab = lab
        self.faults = faults  # the fault `number` meets the devices whose number ends on it
        self.port = free_port()
        self.ledger_path = lab.path("ledger.ndjson")
        self.ledger_path.touch()
        self.keys = {"connections": 2, "in_flight": 50, "timeout": "2s", "patience": "20s"}
        self.process = None
        if not lab.path("ca.pem").exists():
            make_certificates(lab.folder)

    def credentials(self, lab):
        return {"key_file": lab.path("AuthKey.p8"), "key_id": "ABC123DEFG",
                "team_id": "DEF123GHIJ", "topic": TOPIC, "environment": "production"}

    def server_lines(self, lab):
        keys = {"type": self.name, **self.credentials(lab),
                "endpoint": f"https://127.0.0.1:{self.port}", "ca_file": lab.path("ca.pem"),
                **self.keys}
        return f"  {self.name}:\n" + "".join(f"    {k}: {v}\n" for k, v in keys.items())

    def audience_file(self, lab, devices, **options):
        return lab.audience_file(devices, token_end=self.token_end, **options)

    def fault_of(self, appid):
        """The fault that a device of audience_file() meets, or None."""
        fate = int(appid[2:]) % 100
        return self.faults[fate] if fate < len(self.faults) else None

    @staticmethod
    def doubtful(fault):
        """Whether a device that met this fault may be in doubt."""
        return fault.doubt

    def leaves_doubt(self, appid):
        fault = self.fault_of(appid)
        return fault is not None and self.doubtful(fault)

    @property
    def ledger_paths(self):
        return [self.ledger_path]

    def bytes_between(self):
        """Bytes on their way to this gateway or from it."""
        return bytes_between(self.port)

    def ledger_lines(self):
        """Lines written so far, counted without parsing: cheap enough to poll."""
        with open(self.ledger_path, "rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))

    def ledger_bytes(self):
        return self.ledger_path.stat().st_size

    def freeze(self):
        self.process.signal(signal.SIGSTOP)

    def thaw(self):
        self.process.signal(signal.SIGCONT)

    def stop(self):
        self.process.stop()

    def wait_lines(self, lines):
        """Waits until the ledger is so long; polls the file's size, and counts only then."""
        return wait_until(lambda: self.ledger_lines() >= lines, f"{lines} lines in the ledger")

    def wait_unread(self):
        """Waits until a frozen gateway has requests that it did not read."""
        return wait_until(lambda: unread_bytes(self.port) >= REQUEST_BYTES_MIN,
                          "a request is on the wire")

    def wire_max(self):
        """How many requests of one process can be on the wire at once."""
        return self.keys["connections"] * self.keys["in_flight"]

    def settle(self):
        """Waits until the gateway has read everything that was sent to it."""
        wait_until(lambda: unread_bytes(self.port) == 0, "the gateway reads what it was sent")


class MockGateway(Gateway):
    """The gateway that ships with the product, as a process of its own."""
    kind = "mock"

    def __init__(self, lab, faults=(), latency=None, more=()):
        super().__init__(lab, faults)
        self.arguments = ["mock-gateway", "--listen", f"127.0.0.1:{self.port}",
                          "--ledger", self.ledger_path, "--cert-file", lab.path("server.pem"),
                          "--key-file", lab.path("server.key"),
                          "--apns-key", lab.path("provider.pub"), "--apns-key-id", "ABC123DEFG",
                          "--apns-team-id", "DEF123GHIJ", "--apns-topic", TOPIC, *more]
        if faults:
            self.arguments += ["--faults", lab.write("faults.yaml", fault_file(faults))]
        if latency:
            self.arguments += ["--latency", latency]
        self.start()

    def start(self):
        self.process = self.lab.start([BINARY, *self.arguments], "mock-gateway")

        def listens():
            if not self.process.running():
                raise AssertionError("the mock gateway ended\n" + self.process.tail())
            return accepts(self.port)
        wait_until(listens, "the mock gateway listens", seconds=20)

    def stats(self):
        """What the gateway counted since it was started."""
        trust = ssl.create_default_context(cafile=self.lab.path("ca.pem"))
        url = f"https://127.0.0.1:{self.port}/mock/stats"
        with urllib.request.urlopen(url, context=trust, timeout=20) as answer:
            return json.load(answer)

    def cure(self):
        """The same gateway without its faults, on the same ledger."""
        self.stop()
        if "--faults" in self.arguments:
            at = self.arguments.index("--faults")
            del self.arguments[at:at + 2]
        self.start()


def fault_file(faults):
    """Rules of the mock gateway: fault `number` meets the tokens of fault_prefix(number)."""
    lines = ["seed: 1", "rules:"]
    for number, fault in enumerate(faults):
        keys = {"fault": fault.name, "token_prefix": f'"{fault_prefix(number)}"', **fault.keys}
        lines.append("  - {" + ", ".join(f"{key}: {value}" for key, value in keys.items()) + "}")
    return "\n".join(lines) + "\n"


@dataclasses.dataclass(frozen=True)
class Fault:
    """One way in which the gateway misbehaves for 1 % of the devices."""
    name: str
    keys: dict = dataclasses.field(default_factory=dict)
    # Whether a device that met it may be in doubt, and whether others on its connection may.
    doubt: bool = False
    takes_connection: bool = False


class PeerGateway(Gateway):
    """An APNs server that shares nothing with the product: tests/peers/apns_server.mjs."""
    kind = "peer"
    script = "apns_server.mjs"

    def __init__(self, lab, faults=(), latency=None):
        super().__init__(lab, faults)
        rules = [{"name": fault.name, "prefix": fault_prefix(number),
                  "attempts": fault.keys.get("attempts", 0),
                  "delayMs": milliseconds(fault.keys.get("delay", "0ms")),
                  "retryAfter": milliseconds(fault.keys.get("retry_after", "0ms")) // 1000}
                 for number, fault in enumerate(faults)]
        self.options = self.peer_options(lab, rules, latency)
        self.start()

    def peer_options(self, lab, rules, latency):
        return lab.write("peer.json", json.dumps({
            "port": self.port, "cert": str(lab.path("server.pem")),
            "key": str(lab.path("server.key")), "ledger": str(self.ledger_path),
            "providerKey": str(lab.path("provider.pub")), "keyId": "ABC123DEFG",
            "teamId": "DEF123GHIJ", "topic": TOPIC, "latencyMs": milliseconds(latency or "0ms"),
            "faults": rules, **self.more_options()}))

    def more_options(self):
        return {}

    def start(self):
        self.process = self.lab.start(["node", ROOT / "tests" / "peers" / self.script,
                                       self.options], "peer")

        def listens():
            if not self.process.running():
                raise AssertionError("the peer ended\n" + self.process.tail())
            return accepts(self.port)
        wait_until(listens, "the peer listens", seconds=20)


class Fcm:
    """What the two servers that play FCM have in common: a service account that both know."""
    name = "fcm"
    token_end = ":APA91b" + "x" * 80

    def account(self, lab):
        path = lab.path("account.json")
        if not path.exists():
            make_service_account(path, f"https://127.0.0.1:{self.port}/token")
        return path

    def credentials(self, lab):
        return {"service_account": self.account(lab)}

    @staticmethod
    def doubtful(fault):
        """A 503 of FCM proves nothing, whatever it says."""
        return fault.doubt or fault.name == "unavailable"


class FcmMockGateway(Fcm, MockGateway):
    kind = "fcm"

    def start(self):
        if "--fcm-service-account" not in self.arguments:
            self.arguments += ["--fcm-service-account", self.account(self.lab)]
        super().start()


class FcmPeerGateway(Fcm, PeerGateway):
    """An FCM server that shares nothing with the product: tests/peers/fcm_server.mjs."""
    kind = "fcm-peer"
    script = "fcm_server.mjs"

    def more_options(self):
        return {"account": str(self.account(self.lab))}


def milliseconds(text):
    return int(text[:-2]) if text.endswith("ms") else 1000 * int(text.removesuffix("s"))
