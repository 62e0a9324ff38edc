#include "app/desktop/keys.h"

#include <mutex>

namespace conclave::desktop {

struct Keys::Typed {
  std::mutex mutex;
  security::Secret passphrase;
};

Keys::Keys() : typed_(std::make_shared<Typed>()) {
  const auto source = [typed = typed_](const std::filesystem::path& file) -> Result<security::Secret> {
    {
      const std::lock_guard lock(typed->mutex);
      if (!typed->passphrase.empty()) return security::Secret(typed->passphrase.view());
    }
    if (auto said = security::passphrase_of_environment(file)) return said;
    return fail(ErrorKind::security,
                "the key ring has a passphrase; type it under API keys on the page Experts, or set CONCLAVE_PASSPHRASE",
                file.string());
  };
  ring_ = std::make_shared<security::KeyRing>(security::RingPlaces::of_this_user(), source);
}

void Keys::setPassphrase(const QString& typed) {
  QByteArray bytes = typed.toUtf8();
  {
    const std::lock_guard lock(typed_->mutex);
    typed_->passphrase = security::Secret(std::string_view(bytes.constData(), static_cast<std::size_t>(bytes.size())));
  }
  bytes.fill('\0');
}

}  // namespace conclave::desktop
