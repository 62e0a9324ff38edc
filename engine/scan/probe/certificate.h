// X.509 certificates as plain values.
#pragma once

#include <openssl/x509.h>

#include "engine/scan/probe/facts.h"

namespace conclave::scan {

[[nodiscard]] Certificate certificate_of(X509* certificate);
// Names, key, signature and days left of the server's own.
void describe_certificate(X509* certificate, Tls& to);

}  // namespace conclave::scan
