// Amounts as the kinds of configuration write them.
#pragma once

#include <optional>
#include <string_view>

namespace conclave::config {

// Bytes: "64m", "1.5gb", units of 1024 (Compose,
// https://github.com/compose-spec/compose-spec/blob/main/spec.md#specifying-byte-values).
[[nodiscard]] std::optional<double> compose_bytes(std::string_view text);
// "512Mi", "1G", "1e9", "100m" (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/). Also
// processors.
[[nodiscard]] std::optional<double> kubernetes_quantity(std::string_view text);
// "512M", units of 1024 (systemd.resource-control(5)); not "infinity" and percentages.
[[nodiscard]] std::optional<double> systemd_bytes(std::string_view text);
// "0.5", no sign and no unit.
[[nodiscard]] std::optional<double> plain_number(std::string_view text);

// For the model; at least 1, nothing that fits no int.
[[nodiscard]] std::optional<int> mebibytes(double bytes);
[[nodiscard]] std::optional<int> millicores(double processors);

}  // namespace conclave::config
