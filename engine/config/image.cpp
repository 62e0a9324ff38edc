#include "engine/config/image.h"

namespace conclave::config {

ImageTag tag_of(std::string_view image) {
  if (image.empty() || image.find('$') != std::string_view::npos || image.find('@') != std::string_view::npos)
    return ImageTag::fixed;
  const std::string_view name = image.substr(image.find_last_of('/') + 1);
  const std::size_t colon = name.find(':');
  if (colon == std::string_view::npos) return ImageTag::none;
  return name.substr(colon + 1) == "latest" ? ImageTag::latest : ImageTag::fixed;
}

}  // namespace conclave::config
