// The logarithm of the gamma function of positive numbers. std::lgamma writes its sign to a global, which is a race.
#pragma once

#include <math.h>  // lgamma_r is not in std

namespace conclave {

inline double log_gamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

}  // namespace conclave
