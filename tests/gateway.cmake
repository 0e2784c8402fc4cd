moult_story(integration gateway_bytes.mjs)
moult_story(integration gateway_requests.mjs)
moult_story(integration faults_provider.mjs)
moult_story(integration faults_client.mjs)
moult_story(integration agent_tools.mjs)
moult_story(integration gateway_sdks)
if(NOT MOULT_SANITIZE) # what the service starts is sanitized elsewhere, and this one waits for a search
    moult_story(integration unattended.mjs)
endif()
