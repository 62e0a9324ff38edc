// keys set, keys list, keys remove: the secrets that experts may ask for. Values go in and are never shown.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "app/cli/commands.h"
#include "app/cli/logging.h"
#include "app/cli/program.h"
#include "app/cli/terminal.h"
#include "app/cli/typed_secret.h"
#include "engine/base/text.h"
#include "engine/security/key_ring.h"

namespace conclave::cli {
namespace {

using security::KeyRing;
using security::OpenedBy;
using security::RingPlaces;
using security::Secret;

constexpr const char* about_set =
    "Keep a secret under a name, for example OPENAI_API_KEY. It is typed without being shown, or read from standard input when "
    "that is no terminal. An environment variable of the same name goes before it.\n"
    "The key ring is sealed with AES-256-GCM. What opens it is chosen when the first key is set: by default a random key in "
    "another folder, which protects copies and backups of the configuration folder but not against somebody who can read all "
    "your files, as every program can that you run; with --passphrase, or with CONCLAVE_PASSPHRASE set, a passphrase "
    "(Argon2id), which then is needed for every use";

struct Arguments {
  std::string name;
  bool from_input = false;
  bool passphrase = false;
  bool json = false;
};

std::string opened_by_text(OpenedBy how) { return how == OpenedBy::key_file ? "key_file" : "passphrase"; }

// Whether the passphrase of the ring is needed to set a key, and what a new ring is made with.
Result<OpenedBy> protection(const KeyRing& ring, bool wants_passphrase, bool& fresh) {
  const auto now = ring.opened_by();
  if (!now) return tl::unexpected(now.error());
  fresh = !now->has_value();
  if (fresh) {
    const bool in_environment = security::passphrase_of_environment(ring.places().ring).has_value();
    return wants_passphrase || in_environment ? OpenedBy::passphrase : OpenedBy::key_file;
  }
  if (wants_passphrase && **now == OpenedBy::key_file) {
    return fail(ErrorKind::invalid_argument,
                "is there already and has no passphrase; move it away to make one that has, and set the keys again",
                ring.places().ring.string());
  }
  return **now;
}

int set_key(Program& program, const Arguments& arguments) {
  if (!security::is_secret_name(arguments.name)) {
    return program.failed(fail(ErrorKind::invalid_argument, "'" + arguments.name +
                                                                "' is no name for a key: letters, digits and '_' only, as in "
                                                                "OPENAI_API_KEY")
                              .value());
  }
  const KeyRing unopened;
  const RingPlaces& places = unopened.places();
  bool fresh = false;
  const auto how = protection(unopened, arguments.passphrase, fresh);
  if (!how) return program.failed(how.error());
  // Everything is asked for before the ring is locked.
  Secret passphrase;
  if (*how == OpenedBy::passphrase) {
    auto said = ask_passphrase(places.ring, fresh);
    if (!said) return program.failed(said.error());
    passphrase = std::move(*said);
  }
  const bool typed = !arguments.from_input && is_terminal(STDIN_FILENO);
  auto value = typed ? ask_secret("Value of " + arguments.name + " (not shown): ") : read_secret();
  if (!value) return program.failed(value.error());
  const KeyRing ring(places, [&](const std::filesystem::path&) -> Result<Secret> { return Secret(passphrase.view()); });
  const auto replaced = ring.set(arguments.name, value->view(), *how);
  if (!replaced) return program.failed(replaced.error());
  audit(program, {AuditLine{"keys.set", arguments.name, *replaced ? "replaced" : "new"}});
  if (fresh && *how == OpenedBy::key_file) {
    program.remark("conclave: made " + places.ring.string() + "; its key is in " + places.key_file.string() +
                   ", so keep the two apart in copies and backups");
  }
  program.remark("conclave: " + arguments.name + (*replaced ? " is replaced" : " is kept"));
  return exit_passed;
}

int list_keys(Program& program, const Arguments& arguments) {
  const KeyRing ring;
  const auto how = ring.opened_by();
  const auto names = how ? ring.names() : tl::unexpected(how.error());
  if (!names) return program.failed(names.error());
  if (arguments.json) {
    const auto opened_by = *how ? nlohmann::json(opened_by_text(**how)) : nlohmann::json();
    program.out.write(json_text({{"keys", *names}, {"opened_by", opened_by}, {"file", ring.places().ring.string()}}));
    return exit_passed;
  }
  for (const std::string& name : *names) program.out.write(name + "\n");
  if (names->empty()) program.remark("conclave: no keys are kept; conclave keys set NAME keeps one");
  return exit_passed;
}

int remove_key(Program& program, const Arguments& arguments) {
  const KeyRing ring;
  const auto removed = ring.remove(arguments.name);
  if (!removed) return program.failed(removed.error());
  if (!*removed) {
    const auto names = ring.names().value_or(std::vector<std::string>());
    const std::vector<std::string_view> known(names.begin(), names.end());
    return program.failed(
        fail(ErrorKind::not_found, "no key is called '" + arguments.name + "'" + did_you_mean(arguments.name, known)).value());
  }
  audit(program, {AuditLine{"keys.remove", arguments.name, {}}});
  program.remark("conclave: " + arguments.name + " is removed");
  return exit_passed;
}

}  // namespace

void add_keys_commands(CLI::App& app, Program& program) {
  auto* group = app.add_subcommand("keys", "Secrets for experts, such as API keys: kept sealed, never shown");
  group->require_subcommand(1, 1);
  const auto arguments = std::make_shared<Arguments>();

  auto* set = group->add_subcommand("set", about_set);
  set->add_option("NAME", arguments->name, "As an environment variable would be named")->required();
  set->add_flag("--stdin", arguments->from_input, "Read the value from standard input even if that is a terminal");
  set->add_flag("--passphrase", arguments->passphrase, "Make the key ring with a passphrase, if there is none yet");
  set->callback([&program, arguments] { program.chosen = [&program, arguments] { return set_key(program, *arguments); }; });

  auto* list = group->add_subcommand("list", "The names of the keys that are kept");
  list->add_flag("--json", arguments->json, "Print JSON");
  list->callback([&program, arguments] { program.chosen = [&program, arguments] { return list_keys(program, *arguments); }; });

  auto* remove = group->add_subcommand("remove", "Forget a key");
  remove->add_option("NAME", arguments->name, "Its name")->required();
  remove->callback([&program, arguments] { program.chosen = [&program, arguments] { return remove_key(program, *arguments); }; });
}

}  // namespace conclave::cli
