#pragma once

namespace dispatcher::cli {

class Verb;
struct Invocation;

// Each adds one verb to the command line: its options, its help, and what it does.
void add_init(const Verb& app, Invocation& invocation);
void add_plan(const Verb& app, Invocation& invocation);
void add_preview(const Verb& app, Invocation& invocation);
void add_test(const Verb& app, Invocation& invocation);
void add_launch(const Verb& app, Invocation& invocation);
void add_restart(const Verb& app, Invocation& invocation);
void add_pause(const Verb& app, Invocation& invocation);
void add_resume(const Verb& app, Invocation& invocation);
void add_halt(const Verb& app, Invocation& invocation);
void add_unhalt(const Verb& app, Invocation& invocation);
void add_set(const Verb& app, Invocation& invocation);
void add_suppress(const Verb& app, Invocation& invocation);
void add_cancel(const Verb& app, Invocation& invocation);
void add_status(const Verb& app, Invocation& invocation);
void add_show(const Verb& app, Invocation& invocation);
void add_audit(const Verb& app, Invocation& invocation);
void add_report(const Verb& app, Invocation& invocation);
void add_lookup(const Verb& app, Invocation& invocation);
void add_resolve(const Verb& app, Invocation& invocation);
void add_worker(const Verb& app, Invocation& invocation);
void add_rehearse(const Verb& app, Invocation& invocation);
void add_mock_gateway(const Verb& app, Invocation& invocation);
void add_doctor(const Verb& app, Invocation& invocation);
void add_store(const Verb& app, Invocation& invocation);
void add_forget(const Verb& app, Invocation& invocation);
/// `store purge`, below `store`.
void add_store_purge(const Verb& store, Invocation& invocation);
/// The verbs that this version knows and cannot do yet.
void add_verbs_to_come(const Verb& app, Invocation& invocation);

}  // namespace dispatcher::cli
