#include "app/desktop/endpoints.h"

#include <QCoreApplication>
#include <QSettings>
#include <QUrl>
#include <algorithm>

#include "app/desktop/text.h"

namespace conclave::desktop {

namespace {

const auto allowed_key = QStringLiteral("endpoints/allowed");
constexpr int http_port = 80;
constexpr int https_port = 443;

QString tr(const char* text) { return QCoreApplication::translate("Endpoints", text); }

QString textOf(const nlohmann::json& settings, const char* name) {
  if (!settings.is_object()) return {};
  const auto found = settings.find(name);
  return found != settings.end() && found->is_string() ? qtText(found->get<std::string>()) : QString();
}

// As HOME in plugins/experts/language_model/language_model.py; a test compares them.
QString homeOf(const QString& provider) {
  if (provider == QLatin1String("openai")) return QStringLiteral("https://api.openai.com/v1");
  if (provider == QLatin1String("anthropic")) return QStringLiteral("https://api.anthropic.com");
  return {};
}

bool isThisMachine(const QString& host) {
  if (host == QLatin1String("localhost") || host == QLatin1String("::1")) return true;
  return host.startsWith(QLatin1String("127.")) &&
         std::all_of(host.begin(), host.end(), [](QChar c) { return c.isDigit() || c == QLatin1Char('.'); });
}

}  // namespace

QStringList agreedEndpoints() { return QSettings().value(allowed_key).toStringList(); }

void agreeToEndpoint(const QString& endpoint) {
  QStringList agreed = agreedEndpoints();
  if (endpoint.isEmpty() || agreed.contains(endpoint)) return;
  agreed << endpoint;
  QSettings().setValue(allowed_key, agreed);
}

void withdrawEndpoint(const QString& endpoint) {
  QStringList agreed = agreedEndpoints();
  agreed.removeAll(endpoint);
  QSettings().setValue(allowed_key, agreed);
}

EndpointWanted endpointWanted(const nlohmann::json& settings) {
  const QString provider = textOf(settings, "provider");
  if (provider.isEmpty()) return {};
  const QString home = homeOf(provider);
  if (home.isEmpty()) return {{}, tr("The provider must be openai or anthropic.")};
  const QString base = textOf(settings, "base_url");
  const QString address = base.isEmpty() ? home : base.trimmed();
  // A name in other letters can look like one it is not; QUrl and Python would also write it differently.
  if (std::any_of(address.begin(), address.end(), [](QChar c) { return c.unicode() > 0x7e || c.unicode() <= 0x20; }))
    return {{}, tr("base_url may hold neither spaces nor letters outside ASCII; write such a host name in its xn-- form.")};
  const QUrl url(address, QUrl::StrictMode);
  const bool secure = url.scheme() == QLatin1String("https");
  if (!url.isValid() || url.host().isEmpty() || (!secure && url.scheme() != QLatin1String("http")))
    return {{}, tr("base_url must be http://HOST... or https://HOST...")};
  if (!url.userInfo().isEmpty())
    return {{}, tr("base_url holds a user name or password; keys belong into the key ring (API keys on this page).")};
  const QString host = url.host(QUrl::FullyEncoded);
  if (!address.contains(host, Qt::CaseInsensitive)) return {{}, tr("Write the host of base_url as %1.").arg(host)};  // 127.1
  const QString bracketed = host.contains(QLatin1Char(':')) ? QLatin1Char('[') + host + QLatin1Char(']') : host;
  const QString endpoint =
      QStringLiteral("%1://%2:%3").arg(url.scheme(), bracketed).arg(url.port(secure ? https_port : http_port));
  return {endpoint, {}, !secure && !isThisMachine(host)};
}

}  // namespace conclave::desktop
