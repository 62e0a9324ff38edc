"""SecureVault, and the secrets an expert may have."""

import array
import copy
import os
import pickle
import threading

import conclave
import pytest
from conclave import _runner
from conclave.security import KeyLengthError, SecureVault

KEY = bytes(range(32))


@pytest.fixture
def vault():
    return SecureVault(KEY)


# The vault


def test_it_is_reached_by_both_names():
    assert conclave.SecureVault is SecureVault


@pytest.mark.parametrize("size", [0, 1, 100, 1_000_003])
def test_it_opens_what_it_sealed(vault, size):
    data = os.urandom(size)
    sealed = vault.encrypt(data, b"about")
    assert type(sealed) is bytes and len(sealed) == size + 29 and (size < 8 or data not in sealed)
    assert vault.decrypt(sealed, b"about") == data
    assert vault.decrypt(data=sealed, associated_data=b"about") == data
    assert vault.encrypt(data) != vault.encrypt(data)


@pytest.mark.parametrize("make", [bytes, bytearray, memoryview, lambda data: memoryview(bytearray(data)), lambda data: array.array("B", data)])
def test_it_takes_any_buffer(make):
    vault = SecureVault(make(KEY))
    sealed = vault.encrypt(make(b"data"), make(b"about"))
    assert vault.decrypt(make(sealed), make(b"about")) == b"data"


def test_it_takes_buffers_of_other_items_and_with_gaps(vault):
    floats = array.array("d", [1.0, 2.0])
    assert vault.decrypt(vault.encrypt(floats)) == floats.tobytes()
    assert vault.decrypt(vault.encrypt(memoryview(b"a.b.c.")[::2])) == b"abc"


@pytest.mark.parametrize("wrong", ["text", None, 3, [1, 2]])
def test_text_is_no_data(vault, wrong):
    for call in (vault.encrypt, vault.decrypt, lambda data: vault.encrypt(b"", data), SecureVault):
        with pytest.raises(TypeError, match="must be bytes or another buffer, not"):
            call(wrong)


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_of_another_length_is_both_errors(size):
    with pytest.raises(KeyLengthError, match=f"exactly 32 bytes, not {size}") as caught:
        SecureVault(bytes(size))
    assert isinstance(caught.value, (conclave.SecurityError)) and isinstance(caught.value, ValueError)


def test_what_was_changed_cut_or_is_another_s_is_a_security_error(vault):
    sealed = vault.encrypt(b"secret", b"about")
    for i in range(len(sealed)):
        with pytest.raises(conclave.SecurityError):
            vault.decrypt(sealed[:i] + bytes([sealed[i] ^ 1]) + sealed[i + 1 :], b"about")
        with pytest.raises(conclave.SecurityError):
            vault.decrypt(sealed[:i], b"about")
    for call in (lambda: vault.decrypt(sealed), lambda: SecureVault(bytes(32)).decrypt(sealed, b"about")):
        with pytest.raises(PermissionError):
            call()


def test_a_passphrase_opens_again():
    first = SecureVault.from_passphrase("korrekt pferd ä")
    sealed = first.encrypt(b"secret", b"about")
    assert SecureVault.from_passphrase("korrekt pferd ä").decrypt(sealed, b"about") == b"secret"
    assert SecureVault.from_passphrase("korrekt pferd ä".encode(), first.salt).decrypt(sealed, b"about") == b"secret"
    assert len(first.salt) == 16 and first.salt in sealed
    with pytest.raises(conclave.SecurityError):
        SecureVault.from_passphrase("other").decrypt(sealed, b"about")


def test_wrong_passphrases_and_salts_are_said():
    with pytest.raises(conclave.SecurityError, match="empty"):
        SecureVault.from_passphrase("")
    with pytest.raises(ValueError, match="exactly 16 bytes, not 3"):
        SecureVault.from_passphrase("x", b"abc")
    with pytest.raises(TypeError):
        SecureVault.from_passphrase(None)
    assert SecureVault(KEY).salt is None


def test_batches_are_in_order(vault):
    data = [f"message {i}".encode() * (i % 50) for i in range(2000)]
    sealed = vault.encrypt_batch((one for one in data), b"all")
    assert vault.decrypt_batch(sealed, b"all") == data
    assert vault.decrypt(sealed[1999], b"all") == data[1999]
    assert vault.encrypt_batch([]) == []


def test_a_batch_names_the_first_that_does_not_open(vault):
    sealed = vault.encrypt_batch([b"x"] * 500)
    sealed[300] = sealed[300][:-1] + bytes([sealed[300][-1] ^ 1])
    sealed[400] = b""
    with pytest.raises(conclave.SecurityError, match="^message 400: "):
        vault.decrypt_batch(sealed)
    sealed[400] = sealed[0]
    with pytest.raises(conclave.SecurityError, match="^message 300: "):
        vault.decrypt_batch(sealed)


@pytest.mark.parametrize("wrong", [b"one message", "text", bytearray(b"x")])
def test_one_message_is_no_batch(vault, wrong):
    with pytest.raises(TypeError, match="iterable of bytes"):
        vault.encrypt_batch(wrong)
    with pytest.raises(TypeError, match="message 1 must be bytes"):
        vault.encrypt_batch([b"x", "y"])


def test_it_is_neither_pickled_nor_copied(vault):
    for call in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="holds a key"):
            call(vault)


def test_its_repr_shows_no_key(vault):
    assert repr(vault) == "<conclave.SecureVault AES-256-GCM>"


def test_it_is_wiped_at_the_end_of_a_block():
    with SecureVault(KEY) as vault:
        sealed = vault.encrypt(b"x")
        assert not vault.closed
    assert vault.closed and "closed" in repr(vault)
    vault.close()
    for call in (lambda: vault.encrypt(b""), lambda: vault.decrypt(sealed), lambda: vault.encrypt_batch([]), vault.__enter__):
        with pytest.raises(ValueError, match="the vault is closed"):
            call()


def test_other_threads_go_on_while_it_works(vault):
    data = bytes(200 << 20)
    counted = [0]
    done = threading.Event()

    def count():
        while not done.is_set():
            counted[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    before = counted[0]
    vault.encrypt(data)
    during = counted[0] - before
    done.set()
    thread.join()
    assert during > 1000


def test_closing_does_not_disturb_who_is_at_work(vault):
    data = bytes(20 << 20)
    results = []
    threads = [threading.Thread(target=lambda: results.append(vault.encrypt(data))) for _ in range(3)]
    for thread in threads:
        thread.start()
    while not results:
        pass
    vault.close()
    for thread in threads:
        thread.join()
    assert all(SecureVault(KEY).decrypt(sealed) == data for sealed in results)


# Secrets of experts


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("CONCLAVE_PASSPHRASE", raising=False)
    return tmp_path


VALUE = "the-key-of-nobody-7"


def run(function, evidence, **info):
    return _runner.run_expert({"name": "it", "callable": function, "secrets": ["A_KEY"], **info}, evidence)


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("A_KEY", VALUE)


def test_an_expert_gets_what_its_manifest_names(evidence, key):
    got = []
    assert run(lambda evidence, job: got.append(job.secret("A_KEY")), evidence).status == "abstained"
    assert got == [VALUE]


def test_an_absent_secret_is_none(evidence, monkeypatch):
    got = []
    run(lambda evidence, job: got.append(job.secret("A_KEY")), evidence)
    monkeypatch.setenv("A_KEY", "")
    run(lambda evidence, job: got.append(job.secret("A_KEY")), evidence)
    assert got == [None, None]


def test_it_gets_no_other_secret(evidence, key, monkeypatch):
    monkeypatch.setenv("B_KEY", "x")
    response = run(lambda evidence, job: job.secret("B_KEY"), evidence)
    assert response.status == "failed" and response.error.type == "SecurityError"
    assert 'secrets = ["B_KEY"]' in response.error.message
    assert run(lambda evidence, job: job.secret("A_KEY"), evidence, secrets=[]).status == "failed"


def test_a_setting_may_name_one(evidence, monkeypatch):
    monkeypatch.setenv("B_KEY", VALUE)
    specs = [{"name": "variable", "type": "str", "default_value": "A_KEY"}]
    info = {"settings": {"variable": "B_KEY"}, "setting_specs": specs, "secret_settings": ["variable"], "secrets": []}
    got = []
    run(lambda evidence, job: got.append(job.secret("B_KEY")), evidence, **info)
    assert got == [VALUE]
    assert run(lambda evidence, job: job.secret("A_KEY"), evidence, **info).status == "failed"


def test_a_function_of_the_caller_s_own_may_ask_for_any(evidence, key):
    got = []
    run(lambda evidence, job: got.append(job.secret("A_KEY")), evidence, secrets=None)
    assert got == [VALUE]


def test_a_ring_that_cannot_be_opened_is_a_clear_error(evidence, folders):
    ring = folders / "config" / "conclave" / "keys.vault"
    ring.parent.mkdir(parents=True)
    ring.write_text("garbage")
    ring.chmod(0o600)
    response = run(lambda evidence, job: job.secret("A_KEY"), evidence)
    assert (response.status, response.error.type) == ("failed", "SecurityError")
    assert str(ring) in response.error.message and "damaged" in response.error.message


def leak(evidence, job):
    value = job.secret("A_KEY")
    line = conclave.Citation.log(f"/x/{value}.log", 1)
    return conclave.ExpertResponse(
        content=f"I used {value}.",
        verdict="healthy",
        metadata={"sent": {"header": [f"Bearer {value}"]}, value: 1},
        claims=[conclave.Claim(f"with {value}", evidence=[line])],
    )


async def leak_later(evidence, job):
    return leak(evidence, job)


def fail(evidence, job):
    raise RuntimeError(f"401 for {job.secret('A_KEY')}")


@pytest.mark.parametrize("function", [leak, leak_later, fail])
def test_what_was_handed_out_is_not_in_the_response(evidence, key, function):
    response = run(function, evidence)
    text = repr(response.to_dict())
    assert VALUE not in text and "[redacted A_KEY]" in text
    assert response.status == ("failed" if function is fail else "answered")


def test_nor_in_the_log(evidence, key, caplog):
    caplog.set_level("INFO")
    run(lambda evidence, job: job.log(f"asking with {job.secret('A_KEY')}"), evidence)
    assert "asking with [redacted A_KEY]" in caplog.text and VALUE not in caplog.text


def test_short_values_leave_the_text_alone(evidence, monkeypatch):
    monkeypatch.setenv("A_KEY", "x")
    response = run(lambda evidence, job: job.secret("A_KEY") + "ylophone", evidence)
    assert response.content == "xylophone"


def test_a_value_that_is_also_a_word_of_ours_fails_the_response(evidence, monkeypatch):
    monkeypatch.setenv("A_KEY", "answered")
    response = run(lambda evidence, job: job.secret("A_KEY"), evidence)
    assert response.status == "failed" and response.expert_name == "it"
