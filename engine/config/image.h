// Names of container images: https://github.com/distribution/reference
#pragma once

#include <string_view>

namespace conclave::config {

enum class ImageTag { none, latest, fixed };

// [registry[:port]/]path[:tag][@digest]; a digest is as fixed as can be. Of a name that is not known in full, fixed.
[[nodiscard]] ImageTag tag_of(std::string_view image);

}  // namespace conclave::config
