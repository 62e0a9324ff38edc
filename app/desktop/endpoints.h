// Endpoints of language models that the user agreed evidence may be sent to, remembered across starts until withdrawn.
#pragma once

#include <QStringList>
#include <nlohmann/json.hpp>
#include <optional>

namespace conclave::desktop {

// scheme://host:port, the unit of consent.
[[nodiscard]] QStringList agreedEndpoints();
void agreeToEndpoint(const QString& endpoint);
void withdrawEndpoint(const QString& endpoint);

// What the settings of language_model mean. It reads the address again by itself and sends only if it comes to the same endpoint.
struct EndpointWanted {
  QString endpoint;            // empty: none
  QString trouble = {};        // why there is none although one is configured
  bool openToReaders = false;  // plain HTTP to another machine
};
[[nodiscard]] EndpointWanted endpointWanted(const nlohmann::json& settings);

}  // namespace conclave::desktop
