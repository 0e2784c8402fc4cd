moult_test(sandbox_worker_test sandbox sandbox_lock base)
moult_test(sandbox_compile_test sandbox base)
moult_test(sandbox_elf_test sandbox base)
