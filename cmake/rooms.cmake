# A room is a folder, a static library and a namespace.
#
#   virtlens_room(kube SOURCES client.cc DEPS base http PUBLIC_LIBS .. PRIVATE_LIBS ..)
#   virtlens_room_tests(kube SOURCES client_test.cc LIBS ..)      one binary kube_test
#   virtlens_fuzzer(kube splitter_fuzz.cc)                         one binary splitter_fuzz
#
# Inside exporter/ a sub-room (exporter/exposition) is a target exporter_exposition.

function(virtlens_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;DEPS;PUBLIC_LIBS;PRIVATE_LIBS" ${ARGN})
  add_library(${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(
    ${name}
    PUBLIC virtlens_flags ${ROOM_DEPS} ${ROOM_PUBLIC_LIBS}
    PRIVATE ${ROOM_PRIVATE_LIBS})
endfunction()

function(virtlens_room_tests room)
  if(NOT VIRTLENS_TESTS)
    return()
  endif()
  cmake_parse_arguments(TEST "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${room}_test ${TEST_SOURCES})
  target_link_libraries(${room}_test PRIVATE ${room} ${TEST_LIBS} GTest::gtest_main)
  target_compile_definitions(${room}_test PRIVATE VIRTLENS_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  include(GoogleTest)
  gtest_discover_tests(${room}_test TEST_PREFIX "${room}." PROPERTIES TIMEOUT 120
                       DISCOVERY_TIMEOUT 60)
endfunction()

function(virtlens_fuzzer room source)
  if(NOT VIRTLENS_FUZZ)
    return()
  endif()
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE ${room})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set_property(GLOBAL APPEND PROPERTY VIRTLENS_FUZZERS ${name})
endfunction()
