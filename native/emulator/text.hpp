// Reports are put together from pieces.
#pragma once

#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>

namespace emulated {

inline void append(std::string& to, std::string_view piece) { to += piece; }
template <typename Number>
  requires std::is_integral_v<Number>
void append(std::string& to, Number piece) {
  to += std::to_string(piece);
}
inline void append(std::string& to, const std::source_location& site) {
  to += site.file_name();
  to += ':';
  to += std::to_string(site.line());
}

template <typename... Pieces>
std::string text(const Pieces&... pieces) {
  std::string joined;
  (append(joined, pieces), ...);
  return joined;
}

}  // namespace emulated
