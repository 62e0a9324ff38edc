"""What a policy forbids does not happen, whoever asks for it; conclave policy."""
import hashlib
import json

import pytest


@pytest.fixture
def policy(conclave):
    """Writes a policy that CONCLAVE_POLICY names; returns its path."""
    def write(toml):
        path = conclave.folder / "bounds.toml"
        path.write_text(toml)
        path.chmod(0o644)
        conclave.env["CONCLAVE_POLICY"] = str(path)
        return path
    return write


def responses(outcome):
    return {response["expert_name"]: response for response in outcome.json["responses"]}


def notes(outcome):
    return [problem["message"] for problem in outcome.json["problems"] if problem["rule"] == "policy"]


def digest_of(conclave, path):
    return conclave("plugins", "check", path, "--json").json["plugins"][0]["sha256"]


def test_a_plugin_runs_only_with_the_content_that_the_policy_allows(conclave, case, experts, policy):
    (path,) = experts(mine="return 'fine'")
    bounds = policy(f'[plugins]\nallow = ["sha256:{digest_of(conclave, path)}"]\n')
    assert responses(conclave("consult", case(), "--expert", path, "--json"))["mine"]["status"] == "answered"
    path.write_text(path.read_text() + "\n# changed\n")
    refused = responses(conclave("consult", case(), "--expert", path, "--json"))["mine"]
    assert refused["status"] == "refused"
    assert f"{bounds} does not allow plugin 'mine' with this content" in refused["error"]["message"]
    named = conclave("consult", case("experts: [./mine.py]\n"), "--plugins", conclave.folder, "--trust", "mine", "--json")
    assert responses(named)["mine"]["status"] == "refused"


def test_shipped_plugins_run_unless_they_are_denied(conclave, case, policy):
    policy('[plugins]\nallow = []\ndeny = ["error_bursts"]\n')
    outcome = conclave("consult", case(), "--json")
    assert "error_bursts" not in responses(outcome) and responses(outcome)["new_templates"]["status"] == "answered"
    (note,) = notes(outcome)
    assert "expert 'error_bursts' did not run" in note
    assert responses(conclave("consult", case("experts: [error_bursts]\n"), "--json"))["error_bursts"]["status"] == "refused"


@pytest.mark.parametrize(
    ("bound", "asked"),
    [
        ("network = ['db.example.com:5432']", "network = ['api.example.com:443']"),
        ("network = []", "network = ['api.example.com:443']"),
        ("write = false", "write = ['/tmp/x']"),
        ("subprocess = false", "subprocess = true"),
        ("raw_evidence = false", "raw_evidence = true"),
    ],
)
def test_a_plugin_that_asks_for_more_than_the_policy_allows_does_not_run(conclave, case, experts, policy, bound, asked):
    (path,) = experts(mine="return 'fine'")
    header = f"# /// script\n# [tool.conclave]\n# scope = 'mine'\n# [tool.conclave.permissions]\n# {asked}\n# ///\n"
    path.write_text(header + path.read_text())
    arguments = ("consult", case(), "--expert", path, "--json")
    assert responses(conclave(*arguments))["mine"]["status"] == "answered"
    policy(f"[plugins]\n{bound}\n")
    assert responses(conclave(*arguments))["mine"]["status"] == "refused"


def test_limits_of_the_policy_hold_for_what_wants_more(conclave, case, experts, policy):
    (path,) = experts(slow="time.sleep(60)")
    policy("[plugins]\nmax_time_s = 0.5\n")
    late = responses(conclave("consult", case(), "--expert", path, "--json"))["slow"]
    assert late["status"] in ("timed_out", "killed") and late["seconds"] < 30


def test_without_trust_everything_foreign_runs_in_a_worker(conclave, case, experts, policy):
    (path,) = experts(mine="return str(os.getppid())")
    arguments = ("consult", case(), "--expert", path, "--trust", "mine", "--json")
    policy("[plugins]\ntrust = false\n")
    (path,) = experts(mine="os._exit(7)")  # ends the program, were it to run in it
    outcome = conclave(*arguments)
    assert responses(outcome)["mine"]["status"] == "killed" or responses(outcome)["mine"]["status"] == "failed"
    (note,) = notes(outcome)
    assert "--trust mine does not count" in note


def test_a_forbidden_hook_does_not_run(conclave, case, policy):
    folder = conclave.folder / "hooks"
    folder.mkdir()
    (folder / "adds.py").write_text("import conclave\n@conclave.hook\ndef on_evidence(evidence): return {'build': 7}\n")
    policy('[plugins]\ndeny = ["adds"]\n')
    outcome = conclave("consult", case(), "--plugins", folder, "--json")
    assert outcome.json["receipt"]["hooks"] == [] and "hook 'adds' did not run" in notes(outcome)[0]


def test_evidence_is_sent_only_where_the_policy_allows_it(conclave, case, policy):
    policy('[endpoints]\nallow = ["https://models.example.com"]\n')
    text = "experts: [{name: language_model, settings: {provider: openai, base_url: 'http://127.0.0.1:9/v1'}}]\n"
    outcome = conclave("consult", case(text), "--allow-endpoint", "http://127.0.0.1:9", "--json")
    assert responses(outcome)["language_model"]["status"] == "abstained"
    assert "does not allow to send evidence to http://127.0.0.1:9" in notes(outcome)[0]


def test_only_what_the_policy_allows_is_scanned(conclave, case, listener, policy):
    policy('[scan]\nallow = ["127.0.0.0/8"]\ndeny = ["127.0.0.2"]\n')
    (fine,) = conclave("scan", f"127.0.0.1:{listener}", "--json").json["results"]
    assert fine["state"] == "open"
    outcome = conclave("scan", f"127.0.0.2:{listener}", f"[::1]:{listener}", "--json")
    assert outcome.code == 1 and [result["state"] for result in outcome.json["results"]] == ["local_error"] * 2
    assert all("bounds.toml does not allow to scan" in result["detail"] for result in outcome.json["results"])
    report = conclave("consult", case(f"services: ['127.0.0.2:{listener}']\n"), "--json").json
    assert any(problem["rule"] == "not-scanned" and "does not allow" in problem["message"] for problem in report["problems"])


@pytest.mark.parametrize("toml", ["[", "[plugin]\n", "[scan]\nallow = ['x']\n"])
def test_with_a_policy_that_cannot_be_understood_nothing_runs(conclave, case, policy, toml):
    policy(toml)
    assert "bounds.toml" in conclave.fails(2, "consult", case(), "--json")
    assert "bounds.toml" in conclave.fails(2, "scan", "127.0.0.1:9")
    assert "bounds.toml" in conclave.fails(2, "policy")


def test_a_policy_that_is_missing_or_that_others_may_write_stops_everything(conclave, case, policy):
    bounds = policy("")
    bounds.chmod(0o666)
    assert "others than its user" in conclave.fails(2, "consult", case())
    bounds.unlink()
    assert "CONCLAVE_POLICY" in conclave.fails(2, "consult", case())


def test_the_users_own_policy_bounds_as_well(conclave, case):
    file = conclave.folder / "config" / "conclave" / "policy.toml"
    file.parent.mkdir(parents=True)
    file.write_text('plugins.deny = ["error_bursts"]\n')
    file.chmod(0o644)
    assert "error_bursts" not in responses(conclave("consult", case(), "--json"))
    states = {plugin["name"]: plugin["forbidden"] for plugin in conclave("plugins", "list", "--json").json["plugins"]}
    assert states["new_templates"] is None and str(file) in states["error_bursts"]
    assert "shipped, forbidden" in conclave("plugins", "list").out


def test_what_is_in_force_can_be_seen(conclave, policy):
    assert "nothing bounds you" in conclave("policy").out
    digest = hashlib.sha256(b"").hexdigest()
    bounds = policy(f'[plugins]\nallow = ["{digest}"]\ntrust = false\n[endpoints]\nallow = []\n[scan]\nallow = ["10.0.0.0/8"]\n')
    text = conclave("policy").out
    assert text.startswith(f"{bounds}\n") and digest in text and "10.0.0.0/8" in text and "evidence may be sent to: nothing" in text
    (said,) = conclave("policy", "--json").json["policies"]
    assert said["plugins"]["allow"] == [digest] and said["plugins"]["trust"] is False and said["plugins"]["network"] is None
    assert said["scan"] == {"allow": ["10.0.0.0/8"], "deny": []} and said["endpoints"] == {"allow": []}


def test_a_file_can_be_checked_before_it_is_put_in_place(conclave):
    (conclave.folder / "new.toml").write_text("[plugins]\nmax_time_s = 30\n")
    assert conclave("policy", "new.toml").out == "new.toml\n  a plugin gets at most 30.0 s\n"
    (conclave.folder / "new.toml").write_text("[plugins]\nmax_times = 30\n")
    assert "new.toml:2:1: unknown key 'plugins.max_times'; did you mean" in conclave.fails(2, "policy", "new.toml")
    assert "No such file" in conclave.fails(2, "policy", "nowhere.toml")


def test_no_packages_are_installed_for_what_may_not_run(conclave, policy):
    path = conclave.folder / "needy.py"
    path.write_text(
        '# /// script\n# dependencies = ["there-is-no-such-package"]\n# ///\n'
        "import conclave\n\n\n@conclave.expert\ndef needy(evidence): ...\n"
    )
    bounds = policy("[plugins]\ninstall = false\n")
    outcome = conclave("plugins", "environment", path)
    assert outcome.code == 1
    assert f"{bounds} does not allow plugins that need packages" in outcome.err


def test_what_a_case_has_in_its_folder_of_plugins_is_bounded_too(conclave, case, policy):
    file = case("experts: [mine]\n")
    (file.parent / "plugins").mkdir()
    path = file.parent / "plugins" / "mine.py"
    path.write_text("import conclave\n\n\n@conclave.expert\ndef mine(evidence, job): return 'fine'\n")
    assert conclave("plugins", "lock", file).code == 0
    assert responses(conclave("consult", file, "--json"))["mine"]["status"] == "answered"
    bounds = policy('[plugins]\ndeny = ["mine"]\n')
    refused = responses(conclave("consult", file, "--json"))["mine"]
    assert refused["status"] == "refused" and f"{bounds} denies plugin 'mine'" in refused["error"]["message"]
