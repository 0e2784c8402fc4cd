moult_story(integration gateway_bytes.mjs)
