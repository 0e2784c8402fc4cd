moult_test(propose_channel_test propose)
moult_test(propose_mine_test propose)
moult_test(propose_condition_test propose)
moult_fuzz(propose propose)
