moult_test(propose_channel_test propose)
moult_fuzz(propose propose)
