// SecureVault, and what experts may ask of the key ring. Nothing here hands out a key.
#include "scripting/bindings/vault.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/security/key_ring.h"
#include "engine/security/vault.h"
#include "scripting/bindings/blocking.h"
#include "scripting/bindings/convert.h"
#include "scripting/bindings/errors.h"

namespace conclave::scripting {
namespace {

using security::Vault;

// The bytes of any object with the buffer protocol, pinned while this lives; what is not contiguous is copied.
class Bytes {
 public:
  Bytes(py::handle value, const char* what) {
    if (PyObject_GetBuffer(value.ptr(), &view_, PyBUF_FULL_RO) != 0) {
      if (PyErr_ExceptionMatches(PyExc_TypeError) == 0) throw py::error_already_set();
      PyErr_Clear();
      throw py::type_error(std::string(what) + " must be bytes or another buffer, not " + Py_TYPE(value.ptr())->tp_name);
    }
    if (PyBuffer_IsContiguous(&view_, 'C') == 1) return;
    copy_.emplace(static_cast<std::size_t>(view_.len));
    if (PyBuffer_ToContiguous(copy_->bytes().data(), &view_, view_.len, 'C') != 0) {
      PyBuffer_Release(&view_);
      throw py::error_already_set();
    }
  }
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;
  ~Bytes() { PyBuffer_Release(&view_); }

  [[nodiscard]] std::string_view view() const {
    if (copy_) return copy_->view();
    return {static_cast<const char*>(view_.buf), static_cast<std::size_t>(view_.len)};
  }

 private:
  Py_buffer view_{};
  std::optional<security::Secret> copy_;
};

py::bytes new_bytes(std::size_t size) {
  auto bytes = py::reinterpret_steal<py::bytes>(PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(size)));
  if (!bytes) throw py::error_already_set();
  return bytes;
}

// Of bytes that nobody else has seen yet.
std::span<char> inside(const py::bytes& bytes) {
  return {PyBytes_AS_STRING(bytes.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.ptr()))};
}

// What Python holds. close() lets go of the vault; calls that run on other threads keep it to their end.
class SecureVault {
 public:
  explicit SecureVault(Vault vault) : vault_(std::make_shared<const Vault>(std::move(vault))) {}

  [[nodiscard]] std::shared_ptr<const Vault> open() const {
    if (!vault_) throw py::value_error("the vault is closed");
    return vault_;
  }
  void close() { vault_.reset(); }
  [[nodiscard]] bool closed() const { return !vault_; }

 private:
  std::shared_ptr<const Vault> vault_;
};

SecureVault with_key(py::handle key) {
  const Bytes bytes(key, "key");
  auto vault = Vault::with_key(bytes.view());
  if (!vault) {
    PyErr_SetString(py::module_::import("conclave._core").attr("KeyLengthError").ptr(), vault.error().message.c_str());
    throw py::error_already_set();
  }
  return SecureVault(std::move(*vault));
}

SecureVault from_passphrase(py::handle passphrase, py::handle salt) {
  std::optional<Bytes> said;
  py::object encoded;
  if (PyUnicode_Check(passphrase.ptr())) {
    encoded = py::reinterpret_steal<py::object>(PyUnicode_AsUTF8String(passphrase.ptr()));
    if (!encoded) throw py::error_already_set();
    said.emplace(encoded, "passphrase");
  } else {
    said.emplace(passphrase, "passphrase");
  }
  std::optional<Bytes> wanted;
  if (!salt.is_none()) {
    wanted.emplace(salt, "salt");
    if (wanted->view().size() != Vault::salt_bytes) {
      throw py::value_error("salt has exactly 16 bytes, not " + std::to_string(wanted->view().size()));
    }
  }
  std::optional<Result<Vault>> vault;
  {
    const py::gil_scoped_release release;
    vault.emplace(Vault::from_passphrase(said->view(), wanted ? wanted->view() : std::string_view()));
  }
  return SecureVault(value_or_raise(std::move(*vault)));
}

enum class Way { seal, open };

std::size_t size_after(const Vault& vault, Way way, std::string_view data) {
  return way == Way::seal ? vault.sealed_bytes(data.size()) : value_or_raise(Vault::opened_bytes(data));
}

py::bytes one(const SecureVault& self, Way way, py::handle data, py::handle associated_data) {
  const auto vault = self.open();
  const Bytes from(data, "data");
  const Bytes associated(associated_data, "associated_data");
  py::bytes to = new_bytes(size_after(*vault, way, from.view()));
  const Vault::Item item{from.view(), inside(to)};
  Result<void> done;
  {
    const py::gil_scoped_release release;
    done = way == Way::seal ? vault->encrypt_into(item, associated.view()) : vault->decrypt_into(item, associated.view());
  }
  value_or_raise(std::move(done));
  return to;
}

py::list batch(const SecureVault& self, Way way, const py::iterable& data, py::handle associated_data) {
  if (PyUnicode_Check(data.ptr()) || PyObject_CheckBuffer(data.ptr()) != 0) {
    throw py::type_error("data must be an iterable of bytes, not " + std::string(Py_TYPE(data.ptr())->tp_name));
  }
  const auto vault = self.open();
  const Bytes associated(associated_data, "associated_data");
  std::vector<std::unique_ptr<Bytes>> pinned;
  std::vector<Vault::Item> items;
  py::list results;
  for (const py::handle message : data) {
    const std::string what = "message " + std::to_string(items.size());
    pinned.push_back(std::make_unique<Bytes>(message, what.c_str()));
    const std::string_view from = pinned.back()->view();
    if (way == Way::open) {
      if (auto size = Vault::opened_bytes(from); !size) {
        size.error().where = what;
        raise(size.error());
      }
    }
    py::bytes to = new_bytes(size_after(*vault, way, from));
    items.push_back({from, inside(to)});
    results.append(to);
  }
  Job job("vault");
  value_or_raise(blocking(job, [&] {
    return way == Way::seal ? vault->encrypt_batch(items, associated.view(), job)
                            : vault->decrypt_batch(items, associated.view(), job);
  }));
  return results;
}

[[noreturn]] void refuse_pickle() { throw py::type_error("a SecureVault holds a key, so it is neither pickled nor copied"); }

py::object find_secret(py::handle name) {
  const std::string wanted = to_utf8(name, "name");
  Result<std::optional<std::string>> found;
  {
    const py::gil_scoped_release release;
    found = security::find_secret(wanted);
  }
  const std::optional<std::string> value = value_or_raise(std::move(found));
  return value ? py::object(to_str(*value)) : py::none();
}

}  // namespace

void bind_vault(py::module_& module) {
  const py::bytes nothing("");
  py::class_<SecureVault>(
      module, "SecureVault", py::is_final(),
      "AES-256-GCM with a fresh random nonce for each message. `key`: exactly 32 bytes, for example of\n"
      "secrets.token_bytes(32); KeyLengthError (a SecurityError and ValueError) otherwise. Data is bytes or any\n"
      "other buffer; results are bytes. A context manager, which wipes the key at its end. Any thread; the GIL\n"
      "is free while it works. Seal at most 2**32 messages with one key.")
      .def(py::init(&with_key), py::arg("key"))
      .def_static(
          "from_passphrase", &from_passphrase, py::arg("passphrase"), py::arg("salt") = py::none(),
          "A key from a passphrase by Argon2id (RFC 9106: 3 passes, 64 MiB, 4 lanes; some 0.1 s). `salt`: 16 bytes, drawn "
          "at random if None. Messages carry it, so that the same passphrase opens them with whatever salt.")
      .def_property_readonly(
          "salt",
          [](const SecureVault& self) -> py::object {
            const auto vault = self.open();
            return vault->salt().empty() ? py::object(py::none()) : py::bytes(vault->salt().data(), vault->salt().size());
          },
          "16 bytes; None for a vault with a key.")
      .def_property_readonly("closed", &SecureVault::closed)
      .def(
          "encrypt",
          [](const SecureVault& self, py::handle data, py::handle associated_data) {
            return one(self, Way::seal, data, associated_data);
          },
          py::arg("data"), py::arg("associated_data") = nothing,
          "The sealed message: 29 bytes longer than `data`, 45 with a passphrase. `associated_data` is not in it, but is needed "
          "unchanged to open it.")
      .def(
          "decrypt",
          [](const SecureVault& self, py::handle data, py::handle associated_data) {
            return one(self, Way::open, data, associated_data);
          },
          py::arg("data"), py::arg("associated_data") = nothing,
          "What was sealed. SecurityError if the key or the associated data is another, or if any byte was changed or is "
          "missing.")
      .def(
          "encrypt_batch",
          [](const SecureVault& self, const py::iterable& data, py::handle associated_data) {
            return batch(self, Way::seal, data, associated_data);
          },
          py::arg("data"), py::arg("associated_data") = nothing, "A list of sealed messages, in order; worked on in parallel.")
      .def(
          "decrypt_batch",
          [](const SecureVault& self, const py::iterable& data, py::handle associated_data) {
            return batch(self, Way::open, data, associated_data);
          },
          py::arg("data"), py::arg("associated_data") = nothing,
          "A list of what was sealed. SecurityError names the first message that does not open, counting from 0.")
      .def("close", &SecureVault::close, "Wipes the key; using the vault is a ValueError from then on.")
      .def("__enter__",
           [](py::object self) {
             (void)py::cast<const SecureVault&>(self).open();
             return self;
           })
      .def("__exit__", [](SecureVault& self, const py::args&) { self.close(); })
      .def("__reduce__", [](const SecureVault&) { refuse_pickle(); })
      .def("__reduce_ex__", [](const SecureVault&, const py::object&) { refuse_pickle(); })
      .def("__repr__", [](const SecureVault& self) {
        return self.closed() ? "<conclave.SecureVault closed>" : "<conclave.SecureVault AES-256-GCM>";
      });
  module.def("find_secret", &find_secret, py::arg("name"),
             "The environment variable `name` unless it is empty, else the key of the user's key ring (conclave keys set), else "
             "None. Experts use job.secret, which knows what they may have. SecurityError if the ring cannot be opened.");
}

}  // namespace conclave::scripting
