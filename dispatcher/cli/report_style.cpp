#include "cli/report_style.h"

namespace dispatcher::cli {

const std::string_view kReportStyle = R"css(
:root { color-scheme: light;
  --ink: #17202b; --soft: #566273; --faint: #8792a2; --line: #e2e6ec; --paper: #fff;
  --ground: #f4f5f7; --accent: #23527c;
  --delivered: #1d7a5f; --rejected: #b5502b; --in_doubt: #d39a17; --skipped: #8d99a8;
  --undelivered: #7b519d; --pending: #cdd5de; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans",
    sans-serif;
  font-variant-numeric: tabular-nums; -webkit-print-color-adjust: exact;
  print-color-adjust: exact; }
main { max-width: 860px; margin: 32px auto; padding: 48px 56px 40px; background: var(--paper);
  border-radius: 6px; box-shadow: 0 1px 2px rgba(20,30,45,.08), 0 12px 40px rgba(20,30,45,.07); }
.eyebrow { margin: 0; font-size: 12px; font-weight: 600; letter-spacing: .09em;
  text-transform: uppercase; color: var(--faint); }
h1 { margin: 2px 0 0; font-size: 32px; line-height: 1.2; font-weight: 680;
  letter-spacing: -.015em; overflow-wrap: anywhere; }
h2 { margin: 0 0 12px; font-size: 17px; line-height: 1.3; font-weight: 650; }
p { margin: 0 0 10px; }
header { border-bottom: 1px solid var(--line); padding-bottom: 20px; }
.state { display: inline-block; margin-left: 10px; padding: 1px 10px; border-radius: 99px;
  border: 1px solid currentColor; font-size: 12.5px; font-weight: 600; letter-spacing: 0;
  vertical-align: middle; white-space: nowrap; color: var(--soft); }
.state.done { color: var(--delivered); }
.state.done_with_doubt, .state.paused, .state.reconciling { color: #8f6604; }
.state.cancelled, .state.frozen { color: var(--rejected); }
.state.running { color: var(--accent); }
.verdict { margin: 14px 0 0; font-size: 19px; line-height: 1.4; }
.note { color: var(--soft); font-size: 13.5px; }
section { margin-top: 34px; }
.share { display: flex; height: 16px; border-radius: 4px; overflow: hidden;
  background: var(--line); }
.share i { display: block; min-width: 2px; }
.numbers { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr));
  gap: 6px 16px; margin: 16px 0 0; padding: 0; list-style: none; }
.numbers li { border-top: 3px solid var(--c); padding-top: 6px; }
.numbers b { display: block; font-size: 18px; line-height: 1.2; font-weight: 660;
  letter-spacing: -.01em; }
.numbers span { display: block; color: var(--soft); font-size: 13px; line-height: 1.35; }
.numbers .none b { color: var(--faint); font-weight: 400; }
.delivered { --c: var(--delivered); } .rejected { --c: var(--rejected); }
.in_doubt { --c: var(--in_doubt); } .skipped { --c: var(--skipped); }
.undelivered { --c: var(--undelivered); } .pending { --c: var(--pending); }
.share i { background: var(--c); }
figure { margin: 0; }
figcaption { margin-top: 8px; color: var(--soft); font-size: 13.5px; }
svg.rate { display: block; width: 100%; height: auto; font-size: 11px; }
svg.rate rect { fill: var(--accent); shape-rendering: crispEdges; }
svg.rate .grid { stroke: var(--line); } svg.rate .axis { stroke: #aeb7c3; }
svg.rate text { fill: var(--soft); } svg.rate .y { text-anchor: end; }
svg.rate .x { text-anchor: middle; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: 5px 22px; margin: 0; }
.facts dt { color: var(--soft); } .facts dd { margin: 0; overflow-wrap: anywhere; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(230px, 1fr)); gap: 12px; }
.card { border: 1px solid var(--line); border-radius: 12px; padding: 12px 14px; margin: 0;
  background: #fbfcfd; overflow-wrap: anywhere; }
.card .eyebrow { font-size: 11px; }
.card .title { margin: 4px 0 1px; font-weight: 650; }
.card .body { margin: 0; color: #33404f; white-space: pre-line; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 13.5px; }
caption { text-align: left; font-size: 17px; font-weight: 650; padding-bottom: 8px; }
th, td { padding: 6px 14px 6px 0; text-align: left; vertical-align: baseline;
  border-bottom: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
thead th { font-size: 12px; font-weight: 600; color: var(--soft); border-bottom-color: #aeb7c3;
  white-space: nowrap; }
tbody th { font-weight: 600; }
tbody th, td { max-width: 26em; overflow-wrap: break-word; }
.n, .word { white-space: nowrap; } .n { text-align: right; }
td.zero { color: #b3bbc6; }
td time { white-space: nowrap; }
.dot { display: inline-block; width: 9px; height: 9px; border-radius: 2px; margin-right: 7px;
  background: var(--c); }
code, .mono { font-family: ui-monospace, "SF Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: .92em; }
code { background: #eef1f4; border-radius: 4px; padding: 1px 5px; }
.mono { overflow-wrap: anywhere; }
.more { margin: 10px 0 0; font-size: 13.5px; }
footer { margin-top: 40px; padding-top: 16px; border-top: 1px solid var(--line);
  color: var(--soft); font-size: 12.5px; }
footer p { margin: 0 0 6px; }
@media (max-width: 640px) {
  main { margin: 0; padding: 28px 20px; border-radius: 0; box-shadow: none; }
  h1 { font-size: 25px; } .numbers { grid-template-columns: repeat(3, minmax(0, 1fr)); }
  .facts { grid-template-columns: 1fr; gap: 0; }
  .facts dd { margin-bottom: 8px; }
}
@media print {
  @page { size: A4; margin: 16mm 15mm; }
  body { background: none; font-size: 10.5pt; }
  main { max-width: none; margin: 0; padding: 0; box-shadow: none; border-radius: 0; }
  h1 { font-size: 22pt; } .verdict { font-size: 13pt; }
  .numbers b { font-size: 12pt; } section { margin-top: 22pt; }
  figure, .card, .numbers, tr, header { break-inside: avoid; }
  h2, caption, thead { break-after: avoid; }
  tbody tr:first-child { break-before: avoid; }
  thead { display: table-header-group; }
  table { font-size: 9pt; } .scroll { overflow: visible; }
  code { background: none; padding: 0; }
}
)css";

}  // namespace dispatcher::cli
