#include "engine/base/error.h"

#include <system_error>

namespace conclave {

tl::unexpected<Error> fail_io(std::string what, std::string where, int os_error) {
  return fail(ErrorKind::io, std::move(what) + ": " + std::generic_category().message(os_error), std::move(where), os_error);
}

tl::unexpected<Error> fail_cancelled() { return fail(ErrorKind::cancelled, "cancelled"); }

}  // namespace conclave
