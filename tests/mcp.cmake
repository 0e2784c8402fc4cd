# moult as an MCP server.
moult_test(agent_mcp_test agent wire base)
moult_fuzz(mcp agent wire base)
moult_story(integration mcp_server.mjs)
moult_story(integration mcp_sdk)
