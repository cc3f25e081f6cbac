#pragma once

namespace CLI {
class App;
}

namespace dispatcher::cli {

struct Invocation;

// Each adds one verb to the command line: its options, its help, and what it does.
void add_init(CLI::App& app, Invocation& invocation);
void add_plan(CLI::App& app, Invocation& invocation);
void add_preview(CLI::App& app, Invocation& invocation);
void add_test(CLI::App& app, Invocation& invocation);
void add_launch(CLI::App& app, Invocation& invocation);
void add_restart(CLI::App& app, Invocation& invocation);
void add_pause(CLI::App& app, Invocation& invocation);
void add_resume(CLI::App& app, Invocation& invocation);
void add_halt(CLI::App& app, Invocation& invocation);
void add_unhalt(CLI::App& app, Invocation& invocation);
void add_set(CLI::App& app, Invocation& invocation);
void add_suppress(CLI::App& app, Invocation& invocation);
void add_cancel(CLI::App& app, Invocation& invocation);
void add_status(CLI::App& app, Invocation& invocation);
void add_show(CLI::App& app, Invocation& invocation);
void add_audit(CLI::App& app, Invocation& invocation);
void add_report(CLI::App& app, Invocation& invocation);
void add_lookup(CLI::App& app, Invocation& invocation);
void add_resolve(CLI::App& app, Invocation& invocation);
void add_worker(CLI::App& app, Invocation& invocation);
void add_mock_gateway(CLI::App& app, Invocation& invocation);
void add_doctor(CLI::App& app, Invocation& invocation);
void add_store(CLI::App& app, Invocation& invocation);
void add_forget(CLI::App& app, Invocation& invocation);
/// `store purge`, below `store`.
void add_store_purge(CLI::App& store, Invocation& invocation);
/// The verbs that this version knows and cannot do yet.
void add_verbs_to_come(CLI::App& app, Invocation& invocation);

}  // namespace dispatcher::cli
