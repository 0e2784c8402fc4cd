moult_story(integration gateway_bytes.mjs)
moult_story(integration gateway_requests.mjs)
moult_story(integration faults_provider.mjs)
moult_story(integration faults_client.mjs)
