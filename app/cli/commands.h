// The subcommands: each function adds a family to the parser and says what it does when chosen.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace conclave::cli {

struct Program;

void add_backtest_command(CLI::App& app, Program& program);  // backtest
void add_consult_commands(CLI::App& app, Program& program);  // consult, here
void add_case_commands(CLI::App& app, Program& program);     // case new, case check, open, with what add_case_...() adds
void add_log_commands(CLI::App& app, Program& program);      // logs, with what add_log_..._command() add to it
void add_scan_command(CLI::App& app, Program& program);      // scan
void add_config_commands(CLI::App& app, Program& program);   // config check
void add_script_commands(CLI::App& app, Program& program);   // console, run
void add_plugin_commands(CLI::App& app, Program& program);   // plugins list, plugins check
void add_policy_command(CLI::App& app, Program& program);    // policy
void add_keys_commands(CLI::App& app, Program& program);     // keys set, list, remove
void add_history_commands(CLI::App& app,
                          Program& program);  // history list, show, purge, with what add_judging_commands() adds; replay

void add_case_log_commands(CLI::App& cases, Program& program);
void add_consensus_command(CLI::App& app, Program& program);
void add_judging_commands(CLI::App& history, Program& program);
void add_scan_history_commands(CLI::App& history, Program& program);
void add_log_follow_command(CLI::App& logs, Program& program);
void add_log_summary_command(CLI::App& logs, Program& program);
void add_log_templates_command(CLI::App& logs, Program& program);
void add_log_compare_command(CLI::App& logs, Program& program);
void add_log_search_command(CLI::App& logs, Program& program);
inline constexpr const char* log_files_help = "Log files (also compressed), globs or folders; - is standard input";

// Becomes the window; returns only if there is none.
int open_window(const CLI::App& app, Program& program, const std::vector<std::string>& arguments);

}  // namespace conclave::cli
