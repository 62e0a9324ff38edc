// Questions to name servers, many at once and without a thread of their own. Only dns_client.cpp knows c-ares.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/scan/lookup.h"

namespace conclave::scan {

// Asks for the A and the AAAA records of a name together, also with the search domains of /etc/resolv.conf, over UDP and, if the
// answer is cut off, TCP. The servers are asked in their order, from the one on that answered last. One user thread.
class DnsClient {
 public:
  // `servers`: "192.0.2.1,[2001:db8::1]:5353"; empty: those of /etc/resolv.conf. `timeout`: until a name is given up, all servers
  // together. `epoll`: gets the sockets, so that it is readable when collect() has something to do; -1: nobody waits for them.
  DnsClient(const std::string& servers, std::chrono::milliseconds timeout, int epoll);
  ~DnsClient();  // closes all sockets at once
  DnsClient(const DnsClient&) = delete;
  DnsClient& operator=(const DnsClient&) = delete;

  void ask(std::size_t id, const std::string& name);
  struct Answer {
    std::size_t id;
    Lookup lookup;
    bool is_silence = false;  // nobody answered in time
  };
  // Reads what has come, asks again what was lost; never blocks.
  [[nodiscard]] std::vector<Answer> collect();
  [[nodiscard]] std::size_t under_way() const { return under_way_; }
  [[nodiscard]] const std::string& servers() const { return all_servers_; }  // for words

 private:
  struct Server;
  struct Question;
  void send(std::unique_ptr<Question> question);
  void take(std::unique_ptr<Question> question, int status, Lookup lookup);
  [[nodiscard]] std::string words_of(int status, const Server& server) const;

  const std::chrono::milliseconds timeout_;
  const int epoll_;
  std::vector<std::unique_ptr<Server>> servers_;
  std::string all_servers_;
  std::string problem_;           // why there is no server
  std::size_t first_ = 0;         // server to begin with
  std::map<int, short> sockets_;  // what is waited for, as poll() says it
  std::vector<Answer> answers_;
  std::size_t under_way_ = 0;
  bool is_closing_ = false;
};

}  // namespace conclave::scan
