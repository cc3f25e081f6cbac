"""The judge of a campaign: ledger × audience × tables × report, by invariants I1–I6 and their kin.

It shares no code with the product: it reads what the gateway accepted (the ledger), who should
have been notified (the audience), what the store says (its tables) and what the report says, and
answers every contradiction as one line. An empty answer is a pass.
"""
import collections
import csv
import json

# The numbers of `delivery.state`.
CLAIMED, DELIVERED, REJECTED, RELEASED, IN_DOUBT, SKIPPED = range(1, 7)
STATE_NAMES = {CLAIMED: "CLAIMED", DELIVERED: "DELIVERED", REJECTED: "REJECTED",
               RELEASED: "RELEASED", IN_DOUBT: "IN_DOUBT", SKIPPED: "SKIPPED"}
# `delivery.code`: the bit that remembers doubt, and the codes that the judge must know.
DOUBT_BIT = 0x8000
CODE_ASSUMED = 100
# The codes of SKIPPED that say "given up": each try proved not sent.
CODES_GIVEN_UP = {500, 501}
# The numbers of `campaign.state` that mean: nothing more is sent.
DONE, DONE_WITH_DOUBT, CANCELLED = 5, 6, 7
# What a finished campaign's report may say, and in which state of the flag.
OUTCOME_OF = {DELIVERED: {"delivered"}, REJECTED: {"rejected"}, IN_DOUBT: {"in_doubt"},
              SKIPPED: {"skipped", "undelivered"}}
SHOWN_MAX = 5  # devices named for one kind of violation

# `holder`: the name of another campaign of the scope that holds the flag; None: the judged one.
Flag = collections.namedtuple("Flag", "state code claims tries claim_id holder", defaults=(None,))


def read_audience(path):
    """appid → token of a CSV file; the first row of an appid counts."""
    tokens = {}
    with open(path, newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            tokens.setdefault(row["appid"], row["token"])
    return tokens


def read_ledger(path):
    """The ledger's lines in order, as dictionaries. A torn last line is a fault of the gateway."""
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def read_flags(store, campaign):
    """appid → Flag for every row of the campaign's scope."""
    name = campaign.encode().hex().upper()
    rows = store.rows(
        "SELECT HEX(appid), delivery.state, code, claims, tries, claim_id, HEX(campaign.name)"
        " FROM delivery JOIN campaign ON campaign.id = delivery.campaign_id"
        " WHERE delivery.scope_id ="
        f" (SELECT scope_id FROM campaign WHERE HEX(name) = '{name}')")
    return {bytes.fromhex(row[0]).decode(): Flag(
        *(int(value) for value in row[1:6]),
        None if row[6] == name else bytes.fromhex(row[6]).decode()) for row in rows}


def read_campaign_state(store, campaign):
    rows = store.rows(
        f"SELECT state FROM campaign WHERE HEX(name) = '{campaign.encode().hex().upper()}'")
    return int(rows[0][0]) if rows else None


class Verdict:
    def __init__(self):
        self.violations = []
        self.figures = {}

    def check(self, invariant, devices, what):
        """Each of `devices` breaks the invariant."""
        devices = list(devices)
        if devices:
            shown = ", ".join(map(str, devices[:SHOWN_MAX]))
            more = f" and {len(devices) - SHOWN_MAX} more" if len(devices) > SHOWN_MAX else ""
            self.violations.append(f"{invariant}: {what}: {shown}{more}")


def judge(audience, ledger, flags, report=None, state=DONE, resent=frozenset(),
          doubt_explained=None, doubt_killed_max=None):
    """Judges one finished campaign.

    audience: appid → token. ledger: the accepted requests, each with "token". flags: appid → Flag.
    report: its lines. resent: appids that an audited order allowed to be sent again.
    doubt_explained: appids whose gateway was told to leave them unanswered; doubt_killed_max: how
    many others may be in doubt because the process died with their request on the wire.
    """
    verdict = Verdict()
    appid_of = {token: appid for appid, token in audience.items()}
    accepted = collections.Counter(
        appid_of.get(line["token"], "?" + line["token"]) for line in ledger)

    verdict.check("I1", (a for a, n in accepted.items() if n > 1 and a not in resent),
                  "accepted more than once")
    if state in (DONE, DONE_WITH_DOUBT):
        verdict.check("I2", (a for a in audience if a not in flags), "finished without a flag")
        # What another campaign of the scope has claimed is for that one to settle.
        verdict.check("I2", (a for a, f in flags.items() if a in audience and (
            f.state == RELEASED or f.state == CLAIMED and f.holder is None)),
                      "finished, and its flag is not settled")
    verdict.check("I2", (a for a, f in flags.items() if f.state not in STATE_NAMES),
                  "a state that does not exist")
    verdict.check("I3", (a for a, f in flags.items() if f.state == DELIVERED
                         and f.code & ~DOUBT_BIT != CODE_ASSUMED and accepted[a] == 0),
                  "DELIVERED, and the gateway never accepted it")
    verdict.check("I4", (a for a, n in accepted.items() if n and a in audience and not (
        a in flags and (flags[a].state in (DELIVERED, IN_DOUBT)
                        or flags[a].state == SKIPPED and flags[a].code & DOUBT_BIT
                        or a in resent
                        or state not in (DONE, DONE_WITH_DOUBT) and flags[a].state == CLAIMED))),
        "accepted, and the flag does not say so")
    verdict.check("I5", (a for a, f in flags.items() if accepted[a] and a not in resent and (
        f.state in (REJECTED, RELEASED) or f.state == SKIPPED and not f.code & DOUBT_BIT)),
        "settled as not sent, and the gateway accepted it")
    verdict.check("I6", (a for a in accepted if a not in audience), "sent outside the audience")
    verdict.check("I6", (a for a, f in flags.items() if a not in audience and f.holder is None),
                  "a flag outside the audience")

    in_doubt = {a for a, f in flags.items() if f.state == IN_DOUBT and f.holder is None}
    verdict.check("I7", (a for a in in_doubt if not flags[a].code & ~DOUBT_BIT),
                  "in doubt without a reason")
    if doubt_explained is not None:
        unexplained = in_doubt - set(doubt_explained)
        verdict.figures["doubt by kills"] = len(unexplained)
        if len(unexplained) > doubt_killed_max:
            verdict.violations.append(
                f"I7: {len(unexplained)} in doubt without a fault of the gateway, and only"
                f" {doubt_killed_max} requests can have been on the wire")
    if state == DONE and in_doubt:
        verdict.check("I7", in_doubt, "in doubt in a campaign that ended as DONE")
    if state == DONE_WITH_DOUBT and not in_doubt:
        verdict.violations.append("I7: DONE_WITH_DOUBT, and no device is in doubt")

    if report is not None:
        judge_report(verdict, audience, flags, report, state)
    verdict.figures.update({
        "devices": len(audience), "accepted": sum(accepted.values()), "in doubt": len(in_doubt),
        **{STATE_NAMES.get(s, s): n for s, n in sorted(
            collections.Counter(f.state for f in flags.values()).items())}})
    return verdict


def judge_report(verdict, audience, flags, report, state):
    """I11: every audience member on exactly one line, and each line as the flag says. Whoever has
    no flag, or a released one, is pending; in a cancelled campaign, skipped."""
    unsettled = {"skipped"} if state == CANCELLED else {"pending"}
    lines = collections.Counter(line["appid"] for line in report)
    verdict.check("I11", (a for a in audience if lines[a] != 1), "not on exactly one report line")
    verdict.check("I11", (a for a in lines if a not in audience), "reported outside the audience")
    differing, silent = collections.defaultdict(list), []
    for line in report:
        flag = flags.get(line["appid"])
        flag_state = flag.state if flag else None
        if flag and flag.holder and flag_state != RELEASED:
            if (line["outcome"], line["reason"]) != ("skipped", "already_by:" + flag.holder):
                differing[line["outcome"], flag_state].append(line["appid"])
        elif line["outcome"] not in OUTCOME_OF.get(flag_state, unsettled):
            differing[line["outcome"], flag_state].append(line["appid"])
        if line["outcome"] in ("rejected", "in_doubt", "skipped") and not line["reason"]:
            silent.append(line["appid"])
    for (outcome, flag_state), devices in differing.items():
        verdict.check("I11", devices,
                      f"reported {outcome}, the flag is {STATE_NAMES.get(flag_state, flag_state)}")
    verdict.check("I11", silent, "reported without a reason")


def judge_second_chances(before, after, ordered):
    """I9, T10: holds the flags from before an order of second chances against those after it.

    Whoever was settled as not sent and is not any more, as it was, must have been ordered, and must
    never have been in doubt; tries are never forgotten, and what was delivered stays.
    """
    verdict = Verdict()
    moved = {a for a, f in before.items() if f.state in (REJECTED, SKIPPED) and (
        a not in after or after[a][:5] != f[:5])}
    verdict.check("I9", moved - set(ordered), "settled, and moved without an order")
    verdict.check("I9", (a for a in moved if before[a].code & DOUBT_BIT),
                  "a second chance for a device that was in doubt")
    verdict.check("I9", (a for a in moved if before[a].state == SKIPPED
                         and before[a].code & ~DOUBT_BIT not in CODES_GIVEN_UP),
                  "a second chance for a device that was skipped by rule")
    verdict.check("I9", (a for a in before if a not in after or after[a].tries < before[a].tries
                         or after[a].claims < before[a].claims), "tries or claims went down")
    verdict.check("I9", (a for a, f in before.items() if f.state in (DELIVERED, IN_DOUBT)
                         and after.get(a) != f), "delivered or in doubt, and moved all the same")
    verdict.figures["second chances"] = len(moved)
    return verdict


def judge_campaign(store, gateway, audience, campaign, report=None, **extra):
    """Reads everything and judges it; `audience` is appid → token."""
    state = read_campaign_state(store, campaign)
    ledger = [line for path in gateway.ledger_paths for line in read_ledger(path)]
    return judge(audience, ledger, read_flags(store, campaign), report=report, state=state,
                 **extra)
