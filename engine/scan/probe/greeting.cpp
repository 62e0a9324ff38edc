#include "engine/scan/probe/greeting.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "engine/scan/probe/http.h"
#include "engine/scan/probe/mysql.h"
#include "engine/scan/probe/smtp.h"

namespace conclave::scan {
namespace {

constexpr std::size_t looked_at = 4096;

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// Without the end of the line; empty if it has none yet.
std::string_view first_line(std::string_view bytes) {
  const std::size_t end = bytes.find('\n');
  if (end == std::string_view::npos) return {};
  std::string_view line = bytes.substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// RFC 4253, 4.2: lines of other words may come before.
std::optional<Greeting> ssh(std::string_view bytes) {
  const std::size_t at = bytes.starts_with("SSH-") ? 0 : bytes.find("\nSSH-");
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view line = first_line(bytes.substr(at == 0 ? 0 : at + 1));
  const std::size_t software = line.find('-', 4);
  if (software == std::string_view::npos) return std::nullopt;
  Greeting out{{"ssh", {}, {}, "protocol " + words_of(line.substr(4, software - 4)), words_of(line)}};
  name_product(out.service, line.substr(software + 1), "_");
  return out;
}

std::optional<Greeting> mail_or_files(std::string_view bytes) {
  const std::string_view line = first_line(bytes);
  if (!bytes.starts_with("220") || line.size() < 4 || (line[3] != ' ' && line[3] != '-')) return std::nullopt;
  if (is_smtp_greeting(bytes)) return Greeting{smtp_service(bytes)};
  struct Maker {
    std::string_view word;
    std::string_view product;
  };
  constexpr std::array makers = {Maker{"vsFTPd", "vsftpd"},
                                 Maker{"ProFTPD", "ProFTPD"},
                                 Maker{"Pure-FTPd", "Pure-FTPd"},
                                 Maker{"FileZilla", "FileZilla"},
                                 Maker{"Microsoft FTP", "Microsoft FTP Service"},
                                 Maker{"FTP", ""}};
  for (const Maker& maker : makers) {
    const std::size_t at = line.find(maker.word);
    if (at == std::string_view::npos) continue;
    Greeting out{{"ftp", std::string(maker.product), {}, {}, words_of(line)}};
    const std::size_t digit = line.find_first_of("0123456789", at);
    if (!maker.product.empty() && digit != std::string_view::npos)
      out.service.version = words_of(line.substr(digit, line.find_first_not_of("0123456789.abcdefgh", digit) - digit));
    return out;
  }
  return std::nullopt;
}

std::optional<Greeting> nats(std::string_view bytes) {
  const std::string_view line = first_line(bytes);
  if (!line.starts_with("INFO {")) return std::nullopt;
  const auto info = nlohmann::json::parse(line.substr(5), nullptr, false);
  if (!info.is_object() || !info.contains("server_id")) return std::nullopt;
  Greeting out{{"nats", "NATS", {}, {}, {}}};
  if (const auto version = info.find("version"); version != info.end() && version->is_string())
    out.service.version = words_of(version->get_ref<const std::string&>());
  return out;
}

std::optional<Greeting> vnc(std::string_view bytes) {
  if (bytes.size() < 12 || !bytes.starts_with("RFB ") || bytes[7] != '.' || bytes[11] != '\n') return std::nullopt;
  return Greeting{{"vnc", {}, {}, "protocol " + words_of(bytes.substr(4, 7)), words_of(bytes.substr(0, 11))}};
}

std::optional<Greeting> telnet(std::string_view bytes) {
  const auto is = [&](std::size_t at, unsigned least, unsigned most) {
    const auto byte = static_cast<unsigned char>(bytes[at]);
    return byte >= least && byte <= most;
  };
  if (bytes.size() < 3 || !is(0, 0xff, 0xff) || !is(1, 0xfb, 0xfe) || !is(2, 0, 0x32)) return std::nullopt;
  return Greeting{{"telnet", {}, {}, {}, {}}};
}

std::optional<Greeting> mysql(std::string_view bytes) {
  auto service = mysql_greeting(bytes);
  return service ? std::optional(Greeting{std::move(*service)}) : std::nullopt;
}

// Services whose first line begins so.
std::optional<Greeting> by_first_words(std::string_view bytes) {
  struct Words {
    std::string_view start;
    std::string_view part;  // somewhere in the line
    std::string_view name;
    std::string_view product;
    bool is_certain;
  };
  constexpr std::array known = {
      Words{"+OK", "Dovecot", "pop3", "Dovecot", true},
      Words{"+OK", "POP", "pop3", "", true},
      Words{"+OK", "ready", "pop3", "", true},
      Words{"* OK", "Dovecot", "imap", "Dovecot", true},
      Words{"* OK", "Cyrus", "imap", "Cyrus", true},
      Words{"* OK", "IMAP", "imap", "", true},
      Words{"@RSYNCD: ", "", "rsync", "", true},
      Words{"Asterisk Call Manager/", "", "asterisk", "Asterisk", true},
      Words{":", " NOTICE ", "irc", "", true},
      Words{"NOTICE AUTH ", "", "irc", "", true},
      Words{"HTTP/1.", "", "http", "", false},
      Words{"-ERR unknown command", "", "redis", "", false},
      Words{"-ERR wrong number of arguments", "", "redis", "", false},
      Words{"-NOAUTH ", "", "redis", "", false},
      Words{"-DENIED Redis", "", "redis", "Redis", false},
      Words{"ERROR", "", "memcached", "", false},
  };
  const std::string_view line = first_line(bytes);
  for (const Words& words : known) {
    if (line.empty() || !line.starts_with(words.start) || !has(line, words.part)) continue;
    if (words.name == "memcached" && line != "ERROR") continue;
    return Greeting{{std::string(words.name), std::string(words.product), {}, {}, words_of(line)}, words.is_certain};
  }
  return std::nullopt;
}

constexpr std::array fingerprints = {&ssh, &mail_or_files, &mysql, &nats, &vnc, &telnet, &by_first_words};

class Listening final : public Conversation {
 public:
  Listening(Place place, bool then_http) : place_(std::move(place)), then_http_(then_http) {}

  Step take(std::string_view bytes) override {
    if (other_) return told(other_->take(bytes));
    heard_.append(bytes.substr(0, looked_at - std::min(heard_.size(), looked_at)));
    if (is_smtp_greeting(heard_)) {
      other_ = talk_smtp(place_);
      return told(other_->take(heard_));
    }
    const auto greeting = greeting_of(heard_);
    if (!greeting) return {heard_.size() < looked_at ? Step::Next::listen : Step::Next::not_mine, {}};
    facts_.service = greeting->service;
    return {Step::Next::found, {}};
  }
  Step quiet() override {
    if (other_ || !heard_.empty() || !then_http_) return {};
    other_ = talk_http(place_);
    return told(other_->begin());
  }
  Step secured() override { return other_ ? told(other_->secured()) : Step{Step::Next::found, {}}; }
  Step ended() override { return other_ ? told(other_->ended()) : Step{Step::Next::not_mine, {}}; }
  [[nodiscard]] std::string_view body() const override { return other_ ? other_->body() : std::string_view(); }

 private:
  Step told(Step step) {
    facts_ = other_->facts();
    return step;
  }

  Place place_;
  bool then_http_;
  std::string heard_;
  ConversationPtr other_;
};

}  // namespace

std::optional<Greeting> greeting_of(std::string_view bytes) {
  bytes = bytes.substr(0, looked_at);
  for (const auto& fingerprint : fingerprints)
    if (auto greeting = fingerprint(bytes)) return greeting;
  return std::nullopt;
}

ConversationPtr listen_for_greeting(const Place& place, bool then_http) { return std::make_unique<Listening>(place, then_http); }

void name_product(Service& service, std::string_view text, std::string_view separators) {
  const std::string_view word = text.substr(0, text.find_first_of(" \t,;("));
  const std::size_t gap = word.find_first_of(separators);
  service.product = words_of(word.substr(0, gap));
  if (gap != std::string_view::npos) service.version = words_of(word.substr(gap + 1));
}

}  // namespace conclave::scan
