// System calls by seccomp: a list of what a worker has no business with. Files are Landlock's part.
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "scripting/worker/confine.h"

namespace conclave::scripting {
namespace {

constexpr unsigned type_mask = 0xF;  // the type of a socket, without its flags

class Filter {
 public:
  Filter() : context_(seccomp_init(SCMP_ACT_ALLOW), &seccomp_release) {}

  template <class... Conditions>
  void refuse(int error, const char* call, Conditions... conditions) {
    add(SCMP_ACT_ERRNO(static_cast<unsigned>(error)), call, conditions...);
  }
  void ask(const char* call) { add(SCMP_ACT_NOTIFY, call); }

  [[nodiscard]] Result<Descriptor> load(bool listener) {
    if (!context_) failed_ = -ENOMEM;
    if (failed_ == 0) failed_ = seccomp_load(context_.get());
    if (failed_ != 0) return fail_io("cannot confine the worker's system calls", {}, -failed_);
    if (!listener) return Descriptor();
    const int file = seccomp_notify_fd(context_.get());
    if (file < 0) return fail_io("cannot watch the worker's connections", {}, -file);
    return Descriptor(::fcntl(file, F_DUPFD_CLOEXEC, 0));  // the library closes its own
  }

 private:
  template <class... Conditions>
  void add(std::uint32_t action, const char* call, Conditions... conditions) {
    if (!context_ || failed_ != 0) return;
    const int number = seccomp_syscall_resolve_name(call);
    if (number == __NR_SCMP_ERROR) return;  // newer than the library, or of another architecture
    const scmp_arg_cmp list[] = {conditions..., scmp_arg_cmp{}};
    const int result = seccomp_rule_add_array(context_.get(), action, number, sizeof...(conditions), list);
    if (result != 0) failed_ = result;
  }

  std::unique_ptr<void, decltype(&seccomp_release)> context_;
  int failed_ = 0;
};

scmp_arg_cmp equal(unsigned argument, std::uint64_t value) { return {argument, SCMP_CMP_MASKED_EQ, 0xFFFFFFFFU, value}; }
scmp_arg_cmp masked(unsigned argument, std::uint64_t mask, std::uint64_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}
scmp_arg_cmp differs(unsigned argument, std::uint64_t value) { return {argument, SCMP_CMP_NE, value, 0}; }
scmp_arg_cmp at_least(unsigned argument, std::uint64_t value) { return {argument, SCMP_CMP_GE, value, 0}; }

// Other processes, the kernel itself, and ways around this filter and the limits.
void refuse_always(Filter& filter) {
  filter.refuse(ENOSYS, "clone3");  // its flags are in memory; libc falls back to clone
  for (const char* call : {"ptrace",
                           "process_vm_readv",
                           "process_vm_writev",
                           "pidfd_getfd",
                           "pidfd_open",
                           "pidfd_send_signal",
                           "kcmp",
                           "process_madvise",
                           "rt_sigqueueinfo",
                           "rt_tgsigqueueinfo",
                           "tkill",
                           "setpgid",
                           "setsid",
                           "setns",
                           "unshare",
                           "chroot",
                           "pivot_root",
                           "mount",
                           "umount2",
                           "move_mount",
                           "open_tree",
                           "mount_setattr",
                           "fsopen",
                           "fsmount",
                           "fsconfig",
                           "fspick",
                           "bpf",
                           "perf_event_open",
                           "userfaultfd",
                           "io_uring_setup",
                           "io_uring_enter",
                           "io_uring_register",
                           "keyctl",
                           "add_key",
                           "request_key",
                           "init_module",
                           "finit_module",
                           "delete_module",
                           "kexec_load",
                           "kexec_file_load",
                           "reboot",
                           "swapon",
                           "swapoff",
                           "acct",
                           "quotactl",
                           "sethostname",
                           "setdomainname",
                           "settimeofday",
                           "clock_settime",
                           "adjtimex",
                           "clock_adjtime",
                           "iopl",
                           "ioperm",
                           "open_by_handle_at",
                           "personality",
                           "syslog",
                           "vhangup",
                           "memfd_create",
                           "memfd_secret",
                           "shmget",
                           "msgget",
                           "semget",
                           "mq_open",
                           "setrlimit",
                           "setpriority",
                           "sched_setscheduler",
                           "sched_setattr",
                           "ioprio_set",
                           "seccomp"}) {
    filter.refuse(EPERM, call);
  }
  filter.refuse(EPERM, "prlimit64", differs(2, 0));
  filter.refuse(EPERM, "prctl", equal(0, PR_SET_PDEATHSIG));
}

// What Landlock lets pass: owners, modes, times and attributes of files, and emptying them before its version 3.
void refuse_file_attributes(Filter& filter) {
  for (const char* call :
       {"truncate", "chmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchown", "fchownat", "utime", "utimes", "utimensat",
        "futimesat", "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr"}) {
    filter.refuse(EPERM, call);
  }
}

void refuse_processes(Filter& filter) {
  for (const char* call : {"fork", "vfork", "execve", "execveat"}) filter.refuse(EPERM, call);
  filter.refuse(EPERM, "clone", masked(0, CLONE_THREAD, 0));
  const auto self = static_cast<std::uint64_t>(::getpid());
  filter.refuse(EPERM, "kill", differs(0, self));
  filter.refuse(EPERM, "tgkill", differs(0, self));
}

// Pairs of stream sockets remain: event loops wake themselves with them.
void refuse_network(Filter& filter) {
  for (const char* call : {"socket", "connect", "bind", "listen", "accept", "accept4"}) filter.refuse(EACCES, call);
}

// TCP to where the listener's owner allows, and nothing that names an address elsewhere: no datagrams, no Unix sockets.
void bound_network(Filter& filter) {
  for (unsigned family = 0; family < AF_INET6; ++family) {
    if (family != AF_INET) filter.refuse(EACCES, "socket", equal(0, family));
  }
  filter.refuse(EACCES, "socket", at_least(0, AF_INET6 + 1));
  for (unsigned type = 0; type <= type_mask; ++type) {
    if (type != SOCK_STREAM) filter.refuse(EACCES, "socket", masked(1, type_mask, type));
  }
  filter.refuse(EACCES, "socket", at_least(2, IPPROTO_TCP + 1));
  for (const char* call : {"bind", "listen", "accept", "accept4"}) filter.refuse(EACCES, call);
  filter.refuse(EACCES, "sendto", masked(3, MSG_FASTOPEN, MSG_FASTOPEN));
  filter.refuse(EACCES, "sendmsg", masked(2, MSG_FASTOPEN, MSG_FASTOPEN));
  filter.refuse(EACCES, "sendmmsg", masked(3, MSG_FASTOPEN, MSG_FASTOPEN));
  filter.ask("connect");
}

}  // namespace

Result<Descriptor> restrict_calls(const Confinement& limits) {
  Filter filter;
  refuse_always(filter);
  refuse_file_attributes(filter);
  if (!limits.subprocess) refuse_processes(filter);
  for (unsigned type = 0; type <= type_mask; ++type) {
    if (type != SOCK_STREAM) filter.refuse(EACCES, "socketpair", masked(1, type_mask, type));
  }
  if (limits.network)
    bound_network(filter);
  else
    refuse_network(filter);
  return filter.load(limits.network);
}

}  // namespace conclave::scripting
