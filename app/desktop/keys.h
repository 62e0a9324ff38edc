// The user's key ring as the window uses it: opened by the passphrase of the environment, or by the one typed since the start.
#pragma once

#include <QString>
#include <memory>

#include "engine/security/key_ring.h"

namespace conclave::desktop {

// Owner: Session. The ring may be used on any thread and outlives this; reading it belongs into jobs.
class Keys {
 public:
  Keys();
  [[nodiscard]] std::shared_ptr<const security::KeyRing> ring() const { return ring_; }
  // Until the window is closed; empty: forget it. Whether it is the right one shows when the ring is opened.
  void setPassphrase(const QString& typed);

 private:
  struct Typed;
  std::shared_ptr<Typed> typed_;
  std::shared_ptr<const security::KeyRing> ring_;
};

}  // namespace conclave::desktop
