# How every target of Candor is made, so that a folder's own file says only what is particular to it.

add_library(candor_options INTERFACE)
target_include_directories(candor_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(candor_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
  # A designated initializer that leaves members at their defaults is what it is for.
  -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  # libstdc++ 12's own std::stable_sort calls what it deprecates; g++ is silent about its own headers.
  target_compile_options(candor_options INTERFACE -Wno-deprecated-declarations)
endif()
# What nothing calls is left out: idle, the program is most of what stands in memory.
target_compile_options(candor_options INTERFACE -ffunction-sections -fdata-sections)
target_link_options(candor_options INTERFACE -Wl,--gc-sections)
if(CANDOR_WERROR)
  target_compile_options(candor_options INTERFACE -Werror)
endif()
if(CANDOR_SANITIZE)
  target_compile_options(candor_options INTERFACE -fsanitize=${CANDOR_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(candor_options INTERFACE -fsanitize=${CANDOR_SANITIZE})
  if(CANDOR_SANITIZE MATCHES undefined)
    # It looks at memory through a pipe, and takes every object for none where a test leaves no descriptor for one.
    target_compile_options(candor_options INTERFACE -fno-sanitize=vptr)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # g++ loses track of what is set behind the checks that sanitizers put in, and says so of std::expected.
    target_compile_options(candor_options INTERFACE -Wno-maybe-uninitialized)
  endif()
  if(CANDOR_SANITIZE MATCHES thread AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # Boost's fences are atomics around which g++ says that its thread sanitizer cannot see; none of ours uses one.
    target_compile_options(candor_options INTERFACE -Wno-tsan)
  endif()
endif()
if(CANDOR_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    message(FATAL_ERROR "CANDOR_FUZZ needs clang for its libFuzzer, and this is ${CMAKE_CXX_COMPILER_ID}: cmake --preset fuzz")
  endif()
  # So that the fuzzer sees which ways an input takes through our code; it comes with its own main, to its targets only.
  target_compile_options(candor_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
# Asio and Beast are compiled once, in base/net, not in each file that uses them.
target_compile_definitions(candor_options INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  CANDOR_VERSION="${PROJECT_VERSION}")

# candor_library(NAME SOURCES file… [PUBLIC target…] [PRIVATE target…]): the library of one folder.
function(candor_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC candor_options ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
endfunction()
