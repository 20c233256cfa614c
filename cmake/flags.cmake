# All flags live in the INTERFACE target virtlens_flags; no global variable carries one.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
  set(CMAKE_C_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
# -g1 keeps line numbers in backtraces at a third of the build's disk and link time.
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

add_library(virtlens_flags INTERFACE)
target_compile_features(virtlens_flags INTERFACE cxx_std_20)
target_include_directories(virtlens_flags INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_definitions(virtlens_flags INTERFACE VIRTLENS_VERSION="${PROJECT_VERSION}")
# Paths of this machine stay out of the binaries and out of ccache's keys.
target_compile_options(virtlens_flags INTERFACE "-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.")
target_compile_options(
  virtlens_flags
  INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
            -Wnon-virtual-dtor -Woverloaded-virtual -Wformat=2 -Wcast-align -Wextra-semi
            -Wimplicit-fallthrough
            # A designated initializer that leaves the rest at its defaults is what we mean.
            -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(virtlens_flags INTERFACE -Wduplicated-cond -Wlogical-op)
endif()
if(VIRTLENS_WERROR)
  target_compile_options(virtlens_flags INTERFACE -Werror)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  target_compile_definitions(virtlens_flags INTERFACE _GLIBCXX_ASSERTIONS)
endif()
if(VIRTLENS_HARDENING)
  target_compile_options(virtlens_flags INTERFACE -D_FORTIFY_SOURCE=2 -fstack-protector-strong)
  target_link_options(virtlens_flags INTERFACE -pie -Wl,-z,relro,-z,now)
endif()
if(VIRTLENS_SANITIZE)
  target_compile_options(virtlens_flags INTERFACE -fsanitize=${VIRTLENS_SANITIZE}
                                                  -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(virtlens_flags INTERFACE -fsanitize=${VIRTLENS_SANITIZE})
endif()
if(VIRTLENS_FUZZ)
  target_compile_options(virtlens_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(VIRTLENS_COVERAGE)
  target_compile_options(virtlens_flags INTERFACE --coverage)
  target_link_options(virtlens_flags INTERFACE --coverage)
endif()
