# One static library for each folder of the source tree, and a view of the headers that it may see.
#
# A layer named runtime/base shows itself to the layers that link it as "base/...": its include path is a
# folder under the build tree that holds one symbolic link, base -> runtime/base. A layer that does not
# link another has no path on which that other's headers could be found, so a wrong include does not
# compile. Libraries of others are PRIVATE: <curl/curl.h> can be included only where it is wrapped.

# Headers of others stand in /usr/include, where every file would find them. So a layer that does not
# link a library sees a header of that name first which refuses to be included.
set(MOULT_WRAPPED "SODIUM:sodium.h" "SECCOMP:seccomp.h" "SQLITE:sqlite3.h" "UV:uv.h" "GIT2:git2.h"
    "TREESITTER:tree_sitter/api.h" "ZLIB:zlib.h" "CURL:curl/curl.h" "MICROHTTPD:microhttpd.h")

function(moult_refuse_headers target)
    foreach(pair ${MOULT_WRAPPED})
        string(REPLACE ":" ";" pair ${pair})
        list(GET pair 0 lib)
        list(GET pair 1 header)
        if(NOT "PkgConfig::${lib}" IN_LIST ARGN)
            set(stub ${CMAKE_BINARY_DIR}/see/refused/${lib}/${header})
            if(NOT EXISTS ${stub})
                file(WRITE ${stub} "#error \"<${header}> is not for this layer: see docs/reference/architecture.md, folders\"\n")
            endif()
            target_include_directories(${target} BEFORE PRIVATE ${CMAKE_BINARY_DIR}/see/refused/${lib})
        endif()
    endforeach()
endfunction()

# moult_layer(FOLDER SOURCES a.c ... [USES layer ...] [WITHIN layer ...] [LIBS target ...])
# WITHIN: used inside only, so who links this layer does not see them.
function(moult_layer folder)
    cmake_parse_arguments(ARG "" "" "SOURCES;USES;WITHIN;LIBS" ${ARGN})
    get_filename_component(short ${folder} NAME)
    string(REPLACE "/" "_" target ${folder})
    string(REGEX REPLACE "^(runtime|evolver)_" "" target ${target})
    set(see ${CMAKE_BINARY_DIR}/see/${target})
    file(MAKE_DIRECTORY ${see})
    file(CREATE_LINK ${CMAKE_SOURCE_DIR}/${folder} ${see}/${short} SYMBOLIC)
    list(TRANSFORM ARG_SOURCES PREPEND ${CMAKE_SOURCE_DIR}/${folder}/)
    add_library(moult_${target} STATIC ${ARG_SOURCES})
    target_include_directories(moult_${target} PUBLIC ${see})
    list(TRANSFORM ARG_USES PREPEND moult_)
    list(TRANSFORM ARG_WITHIN PREPEND moult_)
    target_link_libraries(moult_${target} PUBLIC ${ARG_USES} PRIVATE ${ARG_WITHIN} ${ARG_LIBS})
    moult_refuse_headers(moult_${target} ${ARG_LIBS})
endfunction()

# moult_embed(TARGET FILE NAME): the bytes of a file as `extern const char NAME[]; extern const size_t
# NAME_size;`, for what is data in the source tree and no file where the program runs.
function(moult_embed target file name)
    set(made ${CMAKE_CURRENT_BINARY_DIR}/${name}.c)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} bytes HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes ${bytes})
    get_filename_component(from ${file} NAME)
    file(GENERATE OUTPUT ${made} CONTENT "/* Made from ${from} by moult_embed. */
#include <stddef.h>
extern const char ${name}[];
extern const size_t ${name}_size;
const char ${name}[] = { ${bytes} };
const size_t ${name}_size = sizeof(${name});
")
    target_sources(${target} PRIVATE ${made})
endfunction()

# moult_program(NAME SOURCE LAYER ...): one executable in bin/, its main file and the layers that it links.
function(moult_program name source)
    add_executable(${name} ${CMAKE_SOURCE_DIR}/${source})
    list(TRANSFORM ARGN PREPEND moult_)
    target_link_libraries(${name} PRIVATE ${ARGN})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()

# moult_sandboxed_program(NAME SOURCE LAYERS layer ... LIBS target ...): one that runs in a sandbox which has
# neither room for a sanitizer's shadow nor a /proc for it to read. Under the presets with sanitizers its
# layers are compiled once more, without; the same code is sanitised in unit tests and fuzz targets. LIBS are
# those of all its layers; SOURCES what they take from elsewhere (generated code).
function(moult_sandboxed_program name source)
    cmake_parse_arguments(ARG "" "" "LAYERS;LIBS;SOURCES" ${ARGN})
    if(NOT MOULT_SANITIZE AND NOT MOULT_FUZZ)
        moult_program(${name} ${source} ${ARG_LAYERS})
        return()
    endif()
    add_executable(${name} ${CMAKE_SOURCE_DIR}/${source} ${ARG_SOURCES})
    foreach(layer ${ARG_LAYERS})
        get_target_property(sources moult_${layer} SOURCES)
        target_sources(${name} PRIVATE ${sources})
        target_include_directories(${name} PRIVATE ${CMAKE_BINARY_DIR}/see/${layer})
    endforeach()
    target_compile_options(${name} PRIVATE -fno-sanitize=all)
    target_link_options(${name} PRIVATE -fno-sanitize=all)
    target_link_libraries(${name} PRIVATE ${ARG_LIBS})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()

# moult_test(NAME LAYER ...): tests/unit/NAME.c, one cmocka program, run by ctest.
function(moult_test name)
    add_executable(${name} ${CMAKE_SOURCE_DIR}/tests/unit/${name}.c)
    list(TRANSFORM ARGN PREPEND moult_)
    target_link_libraries(${name} PRIVATE ${ARGN} PkgConfig::CMOCKA)
    target_compile_definitions(${name} PRIVATE MOULT_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
        MOULT_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    add_test(NAME unit/${name} COMMAND ${name})
    set_tests_properties(unit/${name} PROPERTIES TIMEOUT 120)
endfunction()

# moult_story(FOLDER NAME): tests/FOLDER/NAME, a script that drives the real programs from outside.
function(moult_story folder name)
    add_test(NAME ${folder}/${name} COMMAND ${CMAKE_SOURCE_DIR}/tests/${folder}/${name})
    set_tests_properties(${folder}/${name} PROPERTIES TIMEOUT 600 SKIP_RETURN_CODE 77
        ENVIRONMENT "MOULT_BIN=${CMAKE_BINARY_DIR}/bin;MOULT_BUILD=${CMAKE_BINARY_DIR};MOULT_SRC=${CMAKE_SOURCE_DIR}")
endfunction()

# moult_bench(NAME ARGUMENT ...): that a benchmark runs; its layers are sanitised elsewhere.
function(moult_bench name)
    if(NOT MOULT_SANITIZE)
        add_test(NAME bench/${name} COMMAND moult-bench ${name} ${ARGN} --json)
    endif()
endfunction()

# moult_fuzz(NAME LAYER ...): tests/fuzz/NAME.c; under the fuzz preset a libFuzzer program, elsewhere a
# driver that runs the corpus tests/fuzz/corpus/NAME as an ordinary test.
function(moult_fuzz name)
    add_executable(fuzz_${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/${name}.c)
    list(TRANSFORM ARGN PREPEND moult_)
    target_link_libraries(fuzz_${name} PRIVATE ${ARGN})
    set_target_properties(fuzz_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    if(MOULT_FUZZ)
        target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    else()
        target_sources(fuzz_${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/fuzz/driver.c)
        add_test(NAME fuzz/${name} COMMAND fuzz_${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
        set_tests_properties(fuzz/${name} PROPERTIES TIMEOUT 120)
    endif()
endfunction()
