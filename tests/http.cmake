# Tests over real sockets, with a client that sends what it is told.
function(moult_http_test name)
    moult_test(${name} ${ARGN})
    target_sources(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/unit/http_peer.c)
    target_link_libraries(${name} PRIVATE PkgConfig::UV)
endfunction()
moult_http_test(http_server_test http)
moult_http_test(transfer_transfer_test http transfer)
