moult_test(sandbox_worker_test sandbox sandbox_lock base)
