# Everything comes from Debian 12 packages (tools/install-packages lists them); find_package only.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(CURL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(simdjson REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(tl-expected REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(fmt REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)

# isa-l ships no CMake package. Without it (not amd64, not installed) zlib compresses.
find_path(ISAL_INCLUDE_DIR isa-l/igzip_lib.h)
find_library(ISAL_LIBRARY isal)

if(VIRTLENS_TESTS)
  find_package(GTest REQUIRED)
endif()
if(VIRTLENS_BENCH)
  find_package(benchmark REQUIRED)
endif()
